#include "preload/collector/session_view.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

using tests::SessionBuilder;
using tests::TableHandle;

SessionView view_of(const SessionBuilder& session) {
  SessionView view(session.bytes(), "test");
  view.refresh(session.bytes().size());
  return view;
}

TEST(SessionView, RefusesWhatIsNotASession) {
  SessionBuilder session;
  session.header().magic = 0;
  EXPECT_THROW(SessionView(session.bytes(), "test"), SessionError);
}

TEST(SessionView, NamesTheVersionsItDoesNotRead) {
  SessionBuilder session;
  session.header().version = 999;
  try {
    SessionView view(session.bytes(), "some.session");
    FAIL();
  } catch (const SessionError& error) {
    EXPECT_EQ(error.what(),
              "session 'some.session' has version 999; this heapscribe reads version " +
                  std::to_string(wire::kSessionVersion));
  }
}

TEST(SessionView, RefusesAFileThatIsShorterThanAHeader) {
  const SessionBuilder session;
  EXPECT_THROW(SessionView(session.bytes().first(100), "test"), SessionError);
}

TEST(SessionView, ReadsWhatTheLibraryWrote) {
  SessionBuilder session;
  session.module({.path = "/bin/true", .base = 0x1000, .end = 0x2000, .bias = 0x1000});
  TableHandle table = session.table();
  session.thread(table, 77);
  session.row(table, session.stack({0x1100, 0x1200}));
  const SessionView view = view_of(session);
  ASSERT_EQ(view.tables().refs.size(), 1U);
  ASSERT_EQ(view.threads().refs.size(), 1U);
  ASSERT_EQ(view.modules().refs.size(), 1U);
  EXPECT_EQ(view.thread(view.threads().refs[0])->tid, 77U);
  EXPECT_EQ(view.module(view.modules().refs[0]).path, "/bin/true");
  const auto rows = view.rows(view.blocks(table.counters->blocks).refs[0]);
  ASSERT_EQ(rows.size(), 8U);
  const SegmentView segment = view.segment(rows[0].stack);
  ASSERT_EQ(segment.frames.size(), 2U);
  EXPECT_EQ(segment.frames[1], 0x1200U);
}

TEST(SessionView, AListIsReadUpToWhatIsKnown) {
  SessionBuilder session;
  TableHandle old = session.table();
  session.table();
  session.table();
  EXPECT_EQ(view_of(session).tables(old.table).refs.size(), 2U);
}

TEST(SessionView, ADeepStackIsAChainOfSegments) {
  SessionBuilder session;
  std::vector<std::uint64_t> frames(200);
  std::iota(frames.begin(), frames.end(), 1);
  const wire::Ref innermost = session.stack(frames);
  const SessionView view = view_of(session);
  std::vector<std::uint64_t> read;
  for (wire::Ref ref = innermost; ref != wire::kNoRef; ref = view.segment(ref).outer) {
    const SegmentView segment = view.segment(ref);
    read.insert(read.end(), segment.frames.begin(), segment.frames.end());
  }
  EXPECT_EQ(read, frames);
}

TEST(SessionView, NothingBeyondTheUsedPartExists) {
  SessionBuilder session;
  const TableHandle table = session.table();
  session.header().used = wire::kHeaderBytes;
  const SessionView view = view_of(session);
  EXPECT_EQ(view.table(table.table), nullptr);
  EXPECT_TRUE(view.tables().refs.empty());
}

TEST(SessionView, NothingBeyondTheStoredPartExists) {
  SessionBuilder session;
  session.table();
  SessionView view(session.bytes(), "test");
  view.refresh(wire::kHeaderBytes);
  EXPECT_TRUE(view.tables().refs.empty());
}

TEST(SessionView, AUsedMarkBeyondTheFileIsNotBelieved) {
  SessionBuilder session;
  session.header().used = UINT64_MAX;
  const SessionView view = view_of(session);
  EXPECT_EQ(view.readable(), session.bytes().size());
  EXPECT_EQ(view.table(UINT32_MAX), nullptr);
}

TEST(SessionView, ARecordIsNotReadAcrossTheEnd) {
  SessionBuilder session;
  session.header().used = session.bytes().size();
  const SessionView view = view_of(session);
  const auto last = static_cast<wire::Ref>((session.bytes().size() - 64) / wire::kUnit);
  EXPECT_EQ(view.table(last), nullptr);
  EXPECT_TRUE(view.rows(last).empty());  // the block fits, its rows would not
}

TEST(SessionView, AMisalignedReferenceLeadsNowhere) {
  SessionBuilder session;
  const TableHandle table = session.table();
  EXPECT_EQ(view_of(session).table(table.table + 1), nullptr);
}

TEST(SessionView, TheHeaderIsNoRecord) {
  SessionBuilder session;
  session.table();
  EXPECT_EQ(view_of(session).table(4), nullptr);
}

TEST(SessionView, ACircleEnds) {
  SessionBuilder session;
  const TableHandle first = session.table();
  session.table();
  first.counters->next = session.header().first_table;
  EXPECT_LE(view_of(session).tables().refs.size(),
            session.bytes().size() / sizeof(wire::CounterTable));
}

TEST(SessionView, ABlockThatClaimsTooManyRowsHasNone) {
  SessionBuilder session;
  TableHandle table = session.table();
  const SessionView view = view_of(session);
  const wire::Ref block = table.counters->blocks;
  reinterpret_cast<wire::RowBlock*>(session.bytes().data() + std::size_t{block} * wire::kUnit)
      ->capacity = UINT32_MAX;
  EXPECT_TRUE(view.rows(block).empty());
}

TEST(SessionView, ASegmentWithTooManyFramesIsNone) {
  SessionBuilder session;
  const wire::Ref good = session.segment({1, 2, 3}, wire::kNoRef, 0);
  const wire::Ref bad =
      session.segment(std::vector<std::uint64_t>(wire::kSegmentFrames + 1), wire::kNoRef, 0);
  const SessionView view = view_of(session);
  EXPECT_EQ(view.segment(good).frames.size(), 3U);
  EXPECT_TRUE(view.segment(bad).frames.empty());
}

TEST(SessionView, APathThatIsTooLongIsNotRead) {
  SessionBuilder session;
  const wire::Ref ref = session.module({.path = "/lib/a.so"});
  auto* record = reinterpret_cast<wire::ModuleRecord*>(session.bytes().data() +
                                                       std::size_t{ref} * wire::kUnit);
  record->path_length = UINT32_MAX;
  record->build_id_length = UINT32_MAX;
  const ModuleView module = view_of(session).module(ref);
  EXPECT_EQ(module.path, "");
  EXPECT_EQ(module.build_id.size(), 64U);
}

TEST(SessionView, AnExecPathWithoutItsZeroEnds) {
  SessionBuilder session;
  std::fill_n(session.header().exec_path, wire::kExecPathBytes, 'x');
  EXPECT_EQ(view_of(session).exec_path().size(), wire::kExecPathBytes);
}

}  // namespace
}  // namespace heapscribe::collector
