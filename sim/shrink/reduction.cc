// SPDX-License-Identifier: BSD-3-Clause
#include "shrink/reduction.hh"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenario/reader.hh"

namespace holdfast::sim {
namespace {

using Document = ScenarioDocument;
using Pointer = Document::json_pointer;

constexpr std::array<const char*, 3> kStepLists = {"after", "steps", "setup"};
const Pointer kFaults("/disks/1/faults");  // the honest disk stands first
constexpr uint64_t kSizeStep = 4096;
constexpr uint64_t kDeviceStep = 64 << 10;

std::vector<Pointer> lists_of(const Document& document);
std::vector<Pointer> members_of(const Document& document);
std::vector<Pointer> numbers_of(const Document& document);
std::vector<std::string> blobs_of(const Document& document);
void drop_mentions(Document& steps, const std::string& blob);
void drop_create(Document& steps, const std::string& blob);
void replace_mentions(Document& steps, const std::string& blob, const std::string& by);
bool drop_range(Document& document, const Pointer& list, std::size_t begin, std::size_t end);
std::vector<Document> lesser_values(const Pointer& pointer, const Document& value);

class Reduction {
 public:
  Reduction(Document document, const std::function<bool(const Document&)>& still_fails)
      : best_(std::move(document)), still_fails_(still_fails) {}

  Document run() {
    bool progress = true;
    while (progress) {
      progress = fewer_cuts();
      progress = without_blobs() || progress;
      progress = with_one_blob_for_two() || progress;
      for (const Pointer& list : lists_of(best_)) progress = shorter(list) || progress;
      progress = one_after_the_other() || progress;
      progress = without_members() || progress;
      progress = lesser_numbers() || progress;
    }
    return std::move(best_);
  }

 private:
  bool try_instead(Document candidate) {
    if (candidate == best_ || !still_fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool fewer_cuts() {
    const Pointer nested("/crash/nested");
    const unsigned cuts = best_.contains(nested) ? best_[nested].get<unsigned>() : 0;
    for (unsigned fewer = 0; fewer < cuts; ++fewer) {
      if (try_instead(with_nested_cuts(best_, fewer))) return true;
    }
    return cuts > 0 && best_.contains("after") && try_instead(with_one_session_for_two());
  }

  static Document with_nested_cuts(Document document, unsigned nested) {
    document["crash"]["nested"] = nested;
    if (nested == 0) document.erase("after");
    return document;
  }

  // What the session after the cut did, the first one does.
  Document with_one_session_for_two() const {
    Document candidate = best_;
    Document& steps = candidate["steps"];
    const Document& after = best_["after"];
    steps.insert(steps.end(), after.begin(), after.end());
    return with_nested_cuts(std::move(candidate), best_["crash"]["nested"].get<unsigned>() - 1);
  }

  // A blob goes with everything that is done to it.
  bool without_blobs() {
    bool progress = false;
    for (const std::string& blob : blobs_of(best_)) {
      Document candidate = best_;
      bool sound = true;
      for (const char* list : kStepLists) {
        if (!candidate.contains(list)) continue;
        drop_mentions(candidate[list], blob);
        if (candidate[list].empty()) sound = drop_range(candidate, Pointer() / list, 0, 0) && sound;
      }
      progress = (sound && try_instead(std::move(candidate))) || progress;
    }
    return progress;
  }

  // What is done to one blob is done to another.
  bool with_one_blob_for_two() {
    const std::vector<std::string> blobs = blobs_of(best_);
    for (const std::string& blob : blobs) {
      for (const std::string& other : blobs) {
        Document candidate = best_;
        for (const char* list : kStepLists) {
          if (blob == other || !candidate.contains(list)) continue;
          drop_create(candidate[list], blob);
          replace_mentions(candidate[list], blob, other);
        }
        if (try_instead(std::move(candidate))) return true;
      }
    }
    return false;
  }

  // First large parts of it, then single items; the last first, because they hang on those before.
  bool shorter(const Pointer& list) {
    bool progress = false;
    if (!best_.contains(list)) return false;
    for (std::size_t part = best_[list].size(); part > 0; part /= 2) {
      for (std::size_t end = best_[list].size(); end > 0;) {
        const std::size_t begin = end > part ? end - part : 0;
        Document candidate = best_;
        const bool sound = drop_range(candidate, list, begin, end);
        progress = (sound && try_instead(std::move(candidate))) || progress;
        if (!best_.contains(list) || !best_[list].is_array()) return progress;
        end = std::min(begin, best_[list].size());
      }
    }
    return progress;
  }

  // What happened at once happens in order: no schedule is simpler.
  bool one_after_the_other() {
    for (const char* name : kStepLists) {
      const std::size_t count = best_.contains(name) ? best_[name].size() : 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (!best_[name][i].contains("parallel")) continue;
        Document candidate = best_;
        Document& steps = candidate[name];
        const Document inner = steps[i]["parallel"];
        steps.erase(i);
        steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(i), inner.begin(), inner.end());
        if (try_instead(std::move(candidate))) return true;
      }
    }
    return false;
  }

  bool without_members() {
    bool progress = false;
    for (const Pointer& member : members_of(best_)) {
      if (!best_.contains(member)) continue;
      Document candidate = best_;
      candidate[member.parent_pointer()].erase(member.back());
      progress = try_instead(std::move(candidate)) || progress;
    }
    return progress;
  }

  bool lesser_numbers() {
    bool progress = false;
    for (const Pointer& number : numbers_of(best_)) {
      for (Document& value : lesser_values(number, best_[number])) {
        Document candidate = best_;
        candidate[number] = std::move(value);
        if (!try_instead(std::move(candidate))) continue;
        progress = true;
        break;
      }
    }
    return progress;
  }

  Document best_;
  const std::function<bool(const Document&)>& still_fails_;
};

void collect_lists(const Document& steps, const Pointer& at, std::vector<Pointer>& lists) {
  lists.push_back(at);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Document& step = steps[i];
    if (!step.is_object()) continue;
    if (step.contains("parallel")) collect_lists(step["parallel"], at / i / "parallel", lists);
    if (step.contains("/spdk/do"_json_pointer)) lists.push_back(at / i / "spdk" / "do");
  }
}

std::vector<Pointer> lists_of(const Document& document) {
  std::vector<Pointer> lists;
  for (const char* name : kStepLists) {
    if (document.contains(name)) collect_lists(document[name], Pointer() / name, lists);
  }
  if (document.contains(kFaults)) lists.push_back(kFaults);
  return lists;
}

// Every member of every object below here, an outer one before those in it.
void collect_members(const Document& node, const Pointer& at, std::vector<Pointer>& members) {
  if (node.is_array()) {
    for (std::size_t i = 0; i < node.size(); ++i) collect_members(node[i], at / i, members);
  }
  if (!node.is_object()) return;
  for (const auto& [key, value] : node.items()) {
    members.push_back(at / key);
    collect_members(value, at / key, members);
  }
}

// Those of the device, the store and the volume whose default is larger, or would make several cases of one,
// stay, and with them what a fault is and what may come of it.
std::vector<Pointer> members_of(const Document& document) {
  constexpr std::array<std::string_view, 6> kStay = {"size",           "fua",    "cluster_size",
                                                     "metadata_pages", "memory", "unit_size"};
  std::vector<Pointer> members;
  for (const char* name : kStepLists) {
    if (document.contains(name)) collect_members(document[name], Pointer() / name, members);
  }
  if (document.contains(kFaults)) {
    collect_members(document[kFaults], kFaults, members);
    std::erase_if(members, [](const Pointer& member) {
      return member.parent_pointer().parent_pointer() == kFaults &&
             (member.back() == "kind" || member.back() == "contract");
    });
  }
  for (const char* name : {"device", "store", "volume"}) {
    if (!document.contains(name)) continue;
    for (const auto& [key, value] : document[name].items()) {
      if (std::ranges::find(kStay, key) == kStay.end()) members.push_back(Pointer() / name / key);
    }
  }
  return members;
}

void collect_numbers(const Document& node, const Pointer& at, std::vector<Pointer>& numbers) {
  if (node.is_object()) {
    for (const auto& [key, value] : node.items()) collect_numbers(value, at / key, numbers);
  } else if (node.is_array()) {
    for (std::size_t i = 0; i < node.size(); ++i) collect_numbers(node[i], at / i, numbers);
  } else if (node.is_number_unsigned() || node.is_string()) {
    numbers.push_back(at);
  }
}

std::vector<Pointer> numbers_of(const Document& document) {
  std::vector<Pointer> numbers;
  for (const char* name : kStepLists) {
    if (document.contains(name)) collect_numbers(document[name], Pointer() / name, numbers);
  }
  if (document.contains(kFaults)) collect_numbers(document[kFaults], kFaults, numbers);
  for (const char* name : {"/device/size", "/store/metadata_pages", "/store/cluster_size"}) {
    if (document.contains(Pointer(name))) numbers.emplace_back(name);
  }
  return numbers;
}

void collect_blobs(const Document& steps, std::vector<std::string>& blobs) {
  for (const Document& step : steps) {
    if (step.contains("parallel")) collect_blobs(step["parallel"], blobs);
    const Pointer name("/blob.create/name");
    if (step.contains(name) && step[name].is_string()) blobs.push_back(step[name]);
  }
}

std::vector<std::string> blobs_of(const Document& document) {
  std::vector<std::string> blobs;
  for (const char* name : kStepLists) {
    if (document.contains(name)) collect_blobs(document[name], blobs);
  }
  return blobs;
}

bool mentions(const Document& step, const std::string& blob) {
  for (const auto& [verb, fields] : step.items()) {
    if (!fields.is_object()) continue;
    const char* key = verb == "blob.create" ? "name" : "blob";
    if (fields.contains(key) && fields[key] == blob) return true;
  }
  return false;
}

void drop_mentions(Document& steps, const std::string& blob) {
  for (std::size_t i = steps.size(); i-- > 0;) {
    if (steps[i].contains("parallel")) {
      Document& inner = steps[i]["parallel"];
      drop_mentions(inner, blob);
      const std::size_t left = inner.size();
      if (left == 1) steps[i] = Document(inner[0]);
      if (left == 0) steps.erase(i);
    } else if (mentions(steps[i], blob)) {
      steps.erase(i);
    }
  }
}

void drop_create(Document& steps, const std::string& blob) {
  const Pointer name("/blob.create/name");
  for (std::size_t i = steps.size(); i-- > 0;) {
    if (steps[i].contains(name) && steps[i][name] == blob) steps.erase(i);
  }
}

void replace_mentions(Document& steps, const std::string& blob, const std::string& by) {
  for (Document& step : steps) {
    if (step.contains("parallel")) replace_mentions(step["parallel"], blob, by);
    for (auto& [verb, fields] : step.items()) {
      if (fields.is_object() && fields.contains("blob") && fields["blob"] == blob) fields["blob"] = by;
    }
  }
}

// False: nothing may be left of this list.
bool drop_range(Document& document, const Pointer& list, std::size_t begin, std::size_t end) {
  Document& items = document[list];
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(begin),
              items.begin() + static_cast<std::ptrdiff_t>(end));
  const std::string& name = list.back();
  if (name == "parallel" && items.size() == 1) {
    document[list.parent_pointer()] = Document(items[0]);
  } else if (items.empty()) {
    if (name == "parallel" || name == "steps" || name == "after") return false;
    document[list.parent_pointer()].erase(name);
  }
  return true;
}

struct Size {
  uint64_t bytes = 0;
  bool in_words = false;  // "16KiB" and not 16384
};

std::optional<Size> size_of(const Document& value) {
  if (value.is_number_unsigned()) return Size{value.get<uint64_t>(), false};
  if (!value.is_string()) return std::nullopt;
  const auto bytes = parse_size(value.get<std::string>());
  return bytes ? std::optional(Size{*bytes, true}) : std::nullopt;
}

Document in_words(uint64_t bytes) {
  return bytes % 1024 == 0 ? Document(fmt::format("{}KiB", bytes / 1024)) : Document(bytes);
}

// The least first. No large number is tried one by one.
std::vector<Document> lesser_values(const Pointer& pointer, const Document& value) {
  const auto size = size_of(value);
  if (!size || size->bytes < 2) return {};
  const uint64_t number = size->bytes;
  const std::string& key = pointer.back();
  if (key == "bytes") return number > 1 ? std::vector<Document>{1} : std::vector<Document>{};
  const bool is_size = size->in_words || key == "length" || key == "offset" || key == "size";
  std::vector<Document> values;
  if (is_size) {
    const uint64_t unit = key == "size" ? kDeviceStep : kSizeStep;
    for (const uint64_t less :
         {unit, number / 2 / unit * unit, number * 3 / 4 / unit * unit, number - unit}) {
      if (less > 0 && less < number) values.push_back(in_words(less));
    }
  } else {
    for (const uint64_t less : {uint64_t{1}, number / 2, number * 3 / 4}) {
      if (less < number) values.emplace_back(less);
    }
  }
  return values;
}

std::size_t count_steps(const Document& steps) {
  std::size_t count = 0;
  for (const Document& step : steps) count += step.contains("parallel") ? count_steps(step["parallel"]) : 1U;
  return count;
}

}  // namespace

ScenarioDocument reduced(ScenarioDocument document,
                         const std::function<bool(const ScenarioDocument&)>& still_fails) {
  return Reduction(std::move(document), still_fails).run();
}

std::size_t steps_in(const ScenarioDocument& document) {
  std::size_t count = 0;
  for (const char* name : kStepLists) {
    if (document.contains(name)) count += count_steps(document[name]);
  }
  return count;
}

}  // namespace holdfast::sim
