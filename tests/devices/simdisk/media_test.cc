// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/media.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace holdfast::simdisk {
namespace {

using Bytes = std::vector<std::byte>;
constexpr uint64_t kSize = uint64_t{5} * kMediaPage + 512;  // the last page is not a whole one

Bytes read_all(const Media& media) {
  Bytes bytes(media.size());
  media.read(0, bytes);
  return bytes;
}

// The bytes that were ever written; what is absent is zero.
using Model = std::map<uint64_t, std::byte>;

Bytes bytes_of(const Model& model) {
  Bytes bytes(kSize);
  for (const auto& [where, value] : model) bytes[where] = value;
  return bytes;
}

// An image's hash depends on nothing but what is there, so media that were written page by page agree.
Hash128 hash_of(const Bytes& bytes) {
  Media media(bytes.size());
  for (uint64_t byte = 0; byte < bytes.size(); byte += kMediaPage) {
    media.write(byte, std::span(bytes).subspan(byte, std::min<uint64_t>(kMediaPage, bytes.size() - byte)), 1);
  }
  return media.image_hash();
}

struct Change {
  uint64_t byte = 0;
  Bytes bytes;
};

// Fills of few values and often of zeroes, so that pages turn back into what they were.
Change any_change() {
  const auto sector = *rc::gen::inRange<uint64_t>(0, kSize / 512);
  const auto most = std::min<uint64_t>(kSize / 512 - sector, 20);
  const auto sectors = *rc::gen::inRange<uint64_t>(1, most + 1);
  const auto fill = *rc::gen::inRange<uint8_t>(0, 3);
  return {sector * 512, Bytes(sectors * 512, std::byte{fill})};
}

void make(Media& media, Model& model, EventNumber event) {
  const Change change = any_change();
  media.write(change.byte, change.bytes, event);
  for (std::size_t i = 0; i < change.bytes.size(); ++i) model[change.byte + i] = change.bytes[i];
}

struct Remembered {
  Media::Mark mark;
  Model model;
  std::vector<EventNumber> events;
};

// Of every sector.
std::vector<EventNumber> events_of(const Media& media) {
  std::vector<EventNumber> events;
  for (uint64_t byte = 0; byte < media.size(); byte += kMediaSector) {
    events.push_back(media.written_at_byte(byte));
  }
  return events;
}

std::vector<EventNumber> events_of_pages(const Media& media) {
  std::vector<EventNumber> events;
  for (uint64_t page = 0; page * kMediaPage < media.size(); ++page) events.push_back(media.written_at(page));
  return events;
}

RC_GTEST_PROP(Media, GoBackToEveryMarkThatTheyWereGiven, ()) {
  Media media(kSize);
  Model model;
  std::vector<Remembered> marks;
  const auto steps = *rc::gen::inRange(1, 25);
  for (int step = 1; step <= steps; ++step) {
    const auto what = *rc::gen::inRange(0, 5);
    if (what == 0) {
      marks.push_back({media.mark(), model, events_of(media)});
    } else if (what == 1 && !marks.empty()) {
      media.rollback(marks.back().mark);
      model = marks.back().model;
      RC_ASSERT(events_of(media) == marks.back().events);
      marks.pop_back();
    } else {
      make(media, model, static_cast<EventNumber>(step));
    }
    const Bytes expected = bytes_of(model);
    RC_ASSERT(read_all(media) == expected);
    RC_ASSERT(media.image_hash() == hash_of(expected));
  }
}

RC_GTEST_PROP(Media, HaveEqualHashesExactlyWhenTheyHoldEqualBytes, ()) {
  Media one(kSize);
  Media other(kSize);
  Model model_of_one;
  Model model_of_other;
  const auto writes = *rc::gen::inRange(0, 4);
  for (int i = 0; i < writes; ++i) make(one, model_of_one, 1);
  for (int i = 0; i < writes; ++i) make(other, model_of_other, 2);
  const bool equal = bytes_of(model_of_one) == bytes_of(model_of_other);
  RC_ASSERT((one.image_hash() == other.image_hash()) == equal);
}

TEST(Media, AreZeroAndHashToNothingAtFirst) {
  const Media media(kSize);
  EXPECT_EQ(read_all(media), Bytes(kSize));
  EXPECT_EQ(media.image_hash(), Hash128{});
  EXPECT_EQ(media.written_at(0), 0U);
}

TEST(Media, TellContentsApartByTheirPage) {
  const Bytes page(kMediaPage, std::byte{1});
  Media first(kSize);
  Media second(kSize);
  first.write(0, page, 1);
  second.write(kMediaPage, page, 1);
  EXPECT_NE(first.image_hash(), second.image_hash());
  EXPECT_EQ(first.page_hash(0), second.page_hash(1));
}

TEST(Media, HaveTheHashOfEmptyOnesOnceAllIsZeroedAgain) {
  Media media(kSize);
  media.write(512, Bytes(512, std::byte{1}), 1);
  EXPECT_NE(media.image_hash(), Hash128{});
  media.write(512, Bytes(512), 2);
  EXPECT_EQ(media.image_hash(), Hash128{});
  EXPECT_EQ(media.page_hash(0), Hash128{});
  EXPECT_EQ(media.written_at(0), 2U);
}

TEST(Media, KnowTheNewestWriteOfEachPage) {
  Media media(kSize);
  media.write(kMediaPage, Bytes(2 * kMediaPage, std::byte{1}), 7);
  media.write(kMediaPage, Bytes(512, std::byte{2}), 9);
  EXPECT_EQ(events_of_pages(media), (std::vector<EventNumber>{0, 9, 7, 0, 0, 0}));
  media.write(kMediaPage + 512, Bytes(512, std::byte{3}), 8);  // submitted before, durable after
  EXPECT_EQ(events_of_pages(media), (std::vector<EventNumber>{0, 9, 7, 0, 0, 0}));
}

std::vector<EventNumber> events_of_page(const Media& media, uint64_t page) {
  const std::vector<EventNumber> events = events_of(media);
  const auto first = events.begin() + static_cast<std::ptrdiff_t>(page * kSectorsPerPage);
  return {first, first + kSectorsPerPage};
}

TEST(Media, KnowTheNewestWriteOfEachSector) {
  Media media(kSize);
  media.write(kMediaPage - 512, Bytes(1536, std::byte{1}), 7);
  EXPECT_EQ(events_of_page(media, 0), (std::vector<EventNumber>{0, 0, 0, 0, 0, 0, 0, 7}));
  EXPECT_EQ(events_of_page(media, 1), (std::vector<EventNumber>{7, 7, 0, 0, 0, 0, 0, 0}));
  media.write(kMediaPage, Bytes(512, std::byte{2}), 9);
  media.write(kMediaPage, Bytes(1536, std::byte{3}), 8);  // submitted before, durable after
  EXPECT_EQ(events_of_page(media, 1), (std::vector<EventNumber>{9, 8, 8, 0, 0, 0, 0, 0}));
  EXPECT_EQ(media.written_at_byte(kMediaPage + 511), 9U);
  EXPECT_EQ(media.written_at_byte(kMediaPage + 512), 8U);
}

// Where no event is given the sector keeps the one that it has.
TEST(Media, TakeAnEventForEachSectorOfAWrite) {
  Media media(kSize);
  media.write(0, Bytes(2 * kMediaPage, std::byte{1}), 3);
  const std::vector<EventNumber> events = {5, 0, 6, 0};
  media.write(kMediaPage - 1024, Bytes(2048, std::byte{2}), events);
  EXPECT_EQ(events_of_page(media, 0), (std::vector<EventNumber>{3, 3, 3, 3, 3, 3, 5, 3}));
  EXPECT_EQ(events_of_page(media, 1), (std::vector<EventNumber>{6, 3, 3, 3, 3, 3, 3, 3}));
  EXPECT_EQ(events_of_pages(media), (std::vector<EventNumber>{5, 6, 0, 0, 0, 0}));
}

TEST(Media, ForgetTheWritesThatARollbackUndoes) {
  Media media(kSize);
  media.write(0, Bytes(1024, std::byte{1}), 1);
  const Media::Mark outer = media.mark();
  media.write(512, Bytes(512, std::byte{2}), 2);
  const Media::Mark inner = media.mark();
  media.write(512, Bytes(1024, std::byte{3}), 3);
  EXPECT_EQ(events_of_page(media, 0), (std::vector<EventNumber>{1, 3, 3, 0, 0, 0, 0, 0}));
  media.rollback(inner);
  EXPECT_EQ(events_of_page(media, 0), (std::vector<EventNumber>{1, 2, 0, 0, 0, 0, 0, 0}));
  media.rollback(outer);
  EXPECT_EQ(events_of_page(media, 0), (std::vector<EventNumber>{1, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(media.written_at(0), 1U);
}

TEST(MediaDeathTest, StopAtBytesThatTheyDoNotHave) {
  Media media(kSize);
  Bytes two(2);
  EXPECT_DEATH(media.write(kSize - 1, two, 1), "size_");
  EXPECT_DEATH(media.read(kSize - 1, two), "size_");
}

}  // namespace
}  // namespace holdfast::simdisk
