// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/codec_pool.hh"

#include "reduce/codec.hh"

namespace holdfast {

// One call of a codec on its own executor. Goes there, and comes back with the answer.
class CodecPool::Errand final : public Work {
 public:
  enum class Kind : uint8_t { compress, decompress };

  Errand(Kind kind, Worker& worker, Executor& home, std::span<const std::byte> from,
         std::span<std::byte> into) noexcept
      : kind_(kind), worker_(worker), home_(home), from_(from), into_(into) {}

  void begin() noexcept { worker_.executor->post(*this); }
  Arrival<Result<std::optional<std::size_t>>>& answer() noexcept { return answer_; }

  void run() noexcept override {
    if (back_) return answer_.set(result_);
    result_ = kind_ == Kind::compress ? worker_.codec->compress(from_, into_) : decompressed();
    back_ = true;
    home_.post(*this);
  }

 private:
  Result<std::optional<std::size_t>> decompressed() noexcept {
    HF_CHECK(worker_.codec->decompress(from_, into_));
    return std::optional<std::size_t>(into_.size());
  }

  Kind kind_;
  Worker& worker_;
  Executor& home_;
  std::span<const std::byte> from_;
  std::span<std::byte> into_;
  bool back_ = false;
  Result<std::optional<std::size_t>> result_;
  Arrival<Result<std::optional<std::size_t>>> answer_;
};

Result<std::unique_ptr<CodecPool>> CodecPool::make(uint32_t codec, uint32_t level,
                                                   const VolumeOpenOptions& options, Executor& home) {
  std::unique_ptr<CodecPool> pool(new CodecPool(home));
  Executor* const only[] = {&home};
  const std::span<Executor* const> executors =
      options.codec_executors.empty() ? std::span<Executor* const>(only) : options.codec_executors;
  for (Executor* executor : executors) {
    HF_TRY(std::unique_ptr<Codec> made, make_codec(codec, level, options.codec_maker));
    pool->workers_.push_back({executor, std::move(made)});
  }
  return pool;
}

Task<std::optional<std::size_t>> CodecPool::compress(std::span<const std::byte> from,
                                                     std::span<std::byte> into) {
  Worker& worker = next_worker();
  if (worker.executor == &home_) co_return worker.codec->compress(from, into);
  Errand errand(Errand::Kind::compress, worker, home_, from, into);
  Arrival<Result<std::optional<std::size_t>>>& answered = errand.answer();
  errand.begin();
  Result<std::optional<std::size_t>> answer = co_await answered;
  co_return answer;
}

Task<> CodecPool::decompress(std::span<const std::byte> from, std::span<std::byte> into) {
  Worker& worker = next_worker();
  if (worker.executor == &home_) co_return worker.codec->decompress(from, into);
  Errand errand(Errand::Kind::decompress, worker, home_, from, into);
  Arrival<Result<std::optional<std::size_t>>>& answered = errand.answer();
  errand.begin();
  const Result<std::optional<std::size_t>> answer = co_await answered;
  if (!answer) co_return answer.error();
  co_return {};
}

CodecPool::Worker& CodecPool::next_worker() noexcept {
  next_ = (next_ + 1) % workers_.size();
  return workers_[next_];
}

}  // namespace holdfast
