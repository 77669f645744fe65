#include "store/postgres.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <unordered_map>

#include "base/metrics.h"
#include "store/postgres_reach.h"
#include "store/postgres_values.h"
#include "store/statements.h"

namespace hg::store {

namespace {

using Steady = std::chrono::steady_clock;
using postgres::Answer;
using postgres::Reach;

constexpr int kBinary = 1;
// Beyond the server's own bounds: then it or the network does nothing at all.
constexpr Duration kGrace = std::chrono::seconds(3);
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(2);

std::string one_line(std::string_view message) {
  while (message.ends_with('\n')) message.remove_suffix(1);
  std::string line(message);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

void hand_out(const PGresult* answer, Connection::Each each) {
  const int columns = PQnfields(answer);
  std::array<Value, kMaxColumns> cells;
  for (int row = 0, rows = PQntuples(answer); row < rows; ++row) {
    for (int i = 0; i < columns; ++i) cells[static_cast<std::size_t>(i)] = postgres::cell(answer, row, i);
    each(Row(std::span(cells.data(), static_cast<std::size_t>(columns))));
  }
}

}  // namespace

struct PostgresConnection::Statement {
  std::string name;
  std::vector<Oid> types;
};

struct PostgresConnection::Handle {
  explicit Handle(Reach the_reach, Duration the_patience) : reach(std::move(the_reach)), patience(the_patience) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { close(); }

  [[nodiscard]] bool open() const { return raw != nullptr && PQstatus(raw) == CONNECTION_OK; }
  void close();
  void connect_again();
  void set_up();
  [[noreturn]] void give_up(std::string_view why);
  bool stale();
  // Sends what was queued and waits until all of it is answered. Empty, or short, where the connection was lost.
  std::vector<Answer> answers();
  bool wait(Steady::time_point until);
  void drain();
  void queue(const char* command);

  const Reach reach;
  const Duration patience;
  PGconn* raw = nullptr;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements;
  std::vector<std::optional<Each>> asked;  // for each command that was queued: who takes its rows
  bool begin_owed = false;                 // BEGIN goes with the first statement
  bool begun = false;                      // a transaction was begun, and neither committed nor rolled back by us
  bool answer_owed = false;                // of a COMMIT that nobody waited for
  bool warned = false;                     // the server has said something since it was last asked whether
  Steady::time_point not_before{};
  Duration pause{};
  std::string last_failure;
};

void PostgresConnection::Handle::close() {
  PQfinish(raw);
  raw = nullptr;
  statements.clear();
  asked.clear();
  answer_owed = false;
}

// At once after a connection that was good; after one that could not be made not before its pause is over.
void PostgresConnection::Handle::connect_again() {
  close();
  if (Steady::now() < not_before) throw Fault(Fault::Kind::io, last_failure);
  raw = reach.connect();
  if (!open()) give_up(PQerrorMessage(raw));
  set_up();
  pause = {};
}

void PostgresConnection::Handle::give_up(std::string_view why) {
  static thread_local std::minstd_rand random(std::random_device{}());
  pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
  const auto jittered = std::uniform_int_distribution<Duration::rep>(pause.count() / 2, pause.count())(random);
  not_before = Steady::now() + Duration(jittered);
  last_failure = fmt::format("cannot reach the database: {}", one_line(why));
  close();
  throw Fault(Fault::Kind::io, last_failure);
}

void PostgresConnection::Handle::set_up() {
  PQsetnonblocking(raw, 1);
  PQenterPipelineMode(raw);
  const auto listener = [](void* self, const PGresult* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != nullptr && std::string_view(severity) == "WARNING") static_cast<Handle*>(self)->warned = true;
  };
  PQsetNoticeReceiver(raw, listener, this);
  PQsendQueryParams(raw, reach.settings().c_str(), 0, nullptr, nullptr, nullptr, nullptr, kBinary);
  PQpipelineSync(raw);
  const auto said = answers();
  if (!open()) give_up("it was lost at once");
  if (const auto* answer = said.front().get(); PQresultStatus(answer) == PGRES_FATAL_ERROR)
    give_up(PQresultErrorMessage(answer));
}

// Whether the server has left while nothing was asked of it.
bool PostgresConnection::Handle::stale() {
  pollfd socket{.fd = PQsocket(raw), .events = POLLIN, .revents = 0};
  while (open() && ::poll(&socket, 1, 0) > 0)
    if (PQconsumeInput(raw) == 0) return true;
  return !open();
}

// False where the time is over, or the connection is.
bool PostgresConnection::Handle::wait(Steady::time_point until) {
  while (true) {
    const int left = PQflush(raw);
    if (left < 0) return false;
    if (left == 0 && PQisBusy(raw) == 0) return true;
    const auto most = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now()).count();
    if (most <= 0) return false;
    pollfd socket{.fd = PQsocket(raw), .events = static_cast<short>(POLLIN | (left > 0 ? POLLOUT : 0)), .revents = 0};
    if (::poll(&socket, 1, static_cast<int>(most)) > 0 && PQconsumeInput(raw) == 0) return false;
  }
}

std::vector<Answer> PostgresConnection::Handle::answers() {
  std::vector<Answer> all;
  const auto until = Steady::now() + patience;
  while (open() && wait(until)) {
    Answer next(PQgetResult(raw));
    if (!next) continue;  // between two
    if (PQresultStatus(next.get()) == PGRES_PIPELINE_SYNC) return all;
    all.push_back(std::move(next));
  }
  close();
  return all;
}

void PostgresConnection::Handle::drain() {
  if (std::exchange(answer_owed, false)) answers();
}

// One without parameters or rows, not prepared.
void PostgresConnection::Handle::queue(const char* command) {
  PQsendQueryParams(raw, command, 0, nullptr, nullptr, nullptr, nullptr, kBinary);
  asked.emplace_back();
}

PostgresConnection::PostgresConnection(PostgresOptions options, Access access)
    : options_(std::move(options)),
      access_(access),
      handle_(std::make_unique<Handle>(Reach(options_, access == Access::write ? "heliograph" : "heliograph reads"),
                                       options_.statement + kGrace)) {}

PostgresConnection::~PostgresConnection() = default;

// Before anything is asked of it: connected, and nothing left over.
void PostgresConnection::ready() {
  if (handle_->begun) {
    if (!handle_->open()) lost("in the transaction");
    return;
  }
  handle_->drain();
  if (!handle_->open() || handle_->stale()) handle_->connect_again();
  if (!std::exchange(handle_->begin_owed, false)) return;
  const char* begin = access_ == Access::read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                              : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
  handle_->queue(begin);
  handle_->begun = true;
}

// A transaction stays one that was begun, and is lost, until it is rolled back: nothing more runs as if in it.
void PostgresConnection::lost(std::string_view doing) {
  handle_->close();
  throw Fault(Fault::Kind::io, fmt::format("{}: the connection to the database was lost", doing), handle_->begun);
}

// Of all that was queued since the last one; the first error among them is thrown, else each row goes to who asked.
PostgresConnection::LastAnswer PostgresConnection::last_answer(std::string_view doing) {
  PQpipelineSync(handle_->raw);
  auto answers = handle_->answers();
  const auto asked = std::exchange(handle_->asked, {});
  if (!handle_->open()) lost(doing);
  for (const auto& answer : answers) {
    if (PQresultStatus(answer.get()) != PGRES_FATAL_ERROR) continue;
    const auto fault = postgres::fault_of(answer.get(), doing, handle_->begun);
    // It is going down, or it is a standby by now: the next connection may find another.
    if (fault.kind() == Fault::Kind::io) handle_->close();
    throw fault;
  }
  for (std::size_t i = 0; i < std::min(asked.size(), answers.size()); ++i)
    if (asked[i]) hand_out(answers[i].get(), *asked[i]);
  return {answers.back().release(), &PQclear};
}

const PostgresConnection::Statement& PostgresConnection::prepared(std::string_view sql) {
  auto& statements = handle_->statements;
  if (const auto known = statements.find(sql); known != statements.end()) return known->second;
  if (statements.size() >= kMaxStatements) throw std::logic_error("too many statements");
  Statement made{.name = fmt::format("s{}", statements.size() + 1),
                 .types = std::vector<Oid>(static_cast<std::size_t>(postgres::parameters_of(sql)))};
  PQsendPrepare(handle_->raw, made.name.c_str(), std::string(sql).c_str(), 0, nullptr);
  PQsendDescribePrepared(handle_->raw, made.name.c_str());
  handle_->asked.resize(handle_->asked.size() + 2);
  const auto answer = last_answer(sql);
  const PGresult* description = answer.get();
  if (PQnparams(description) != static_cast<int>(made.types.size()))
    throw std::logic_error(fmt::format("a parameter in quotes: {}", sql));
  for (std::size_t i = 0; i < made.types.size(); ++i) made.types[i] = PQparamtype(description, static_cast<int>(i));
  if (PQnfields(description) > static_cast<int>(kMaxColumns))
    throw std::logic_error(fmt::format("more than {} columns: {}", kMaxColumns, sql));
  return statements.emplace(sql, std::move(made)).first->second;
}

// Queued: it is on its way with whatever is asked next.
void PostgresConnection::send(std::string_view sql, std::span<const Value> parameters, Each each) {
  ready();
  const Statement& statement = prepared(sql);
  if (statement.types.size() != parameters.size())
    throw std::logic_error(fmt::format("{} parameters for {}: {}", parameters.size(), statement.types.size(), sql));
  const postgres::Arguments arguments(parameters, statement.types, sql);
  PQsendQueryPrepared(handle_->raw, statement.name.c_str(), arguments.count(), arguments.values(), arguments.lengths(),
                      arguments.formats(), kBinary);
  handle_->asked.emplace_back(each);
}

void PostgresConnection::later(std::string_view sql, std::span<const Value> parameters, Each each) {
  send(sql, parameters, each);
  if (!handle_->begun) last_answer(sql);  // alone it is its own transaction
}

void PostgresConnection::settle() {
  if (!handle_->asked.empty()) last_answer("what was asked for later");
}

std::int64_t PostgresConnection::exec(std::string_view sql, std::span<const Value> parameters, Each each) {
  send(sql, parameters, each);
  const auto answer = last_answer(sql);
  if (PQresultStatus(answer.get()) == PGRES_TUPLES_OK) return PQntuples(answer.get());
  std::int64_t changed = 0;
  const std::string_view count = PQcmdTuples(answer.get());
  std::from_chars(count.data(), count.data() + count.size(), changed);
  return changed;
}

// Several statements cannot be sent in a pipeline. They may take their time: nobody waits for a migration.
void PostgresConnection::script(std::string_view sql) {
  ready();
  if (handle_->begun) {
    PQpipelineSync(handle_->raw);
    handle_->answers();
    handle_->asked.clear();
  }
  if (!handle_->open()) lost("script");
  PQexitPipelineMode(handle_->raw);
  PQsetnonblocking(handle_->raw, 0);
  if (handle_->begun) Answer(PQexec(handle_->raw, "SET LOCAL statement_timeout = 0"));
  const Answer answer(PQexec(handle_->raw, std::string(sql).c_str()));
  const auto status = PQresultStatus(answer.get());
  if (!handle_->open()) lost("script");
  PQsetnonblocking(handle_->raw, 1);
  PQenterPipelineMode(handle_->raw);
  if (status == PGRES_FATAL_ERROR) throw postgres::fault_of(answer.get(), "script", handle_->begun);
}

void PostgresConnection::begin() {
  if (handle_->begun || handle_->begin_owed) throw std::logic_error("a transaction is open already");
  handle_->begin_owed = true;
}

void PostgresConnection::commit() {
  if (std::exchange(handle_->begin_owed, false)) return;  // nothing was done
  if (!handle_->begun) throw Fault(Fault::Kind::other, "there is no transaction to commit", true);
  if (!handle_->open()) lost("COMMIT");
  const auto start = Steady::now();
  handle_->warned = false;
  handle_->queue("COMMIT");
  PQpipelineSync(handle_->raw);
  handle_->asked.clear();
  if (access_ == Access::read) {  // nobody needs to know
    handle_->begun = false;
    handle_->answer_owed = true;
    PQflush(handle_->raw);
    return;
  }
  const auto answers = handle_->answers();
  if (!handle_->open())
    throw Fault(Fault::Kind::io, "COMMIT: the connection was lost; whether it was kept is not known", true);
  // Of what was sent with it, too: then it was not run.
  for (const auto& answer : answers)
    if (PQresultStatus(answer.get()) == PGRES_FATAL_ERROR) throw postgres::fault_of(answer.get(), "COMMIT", true);
  handle_->begun = false;
  if (std::string_view(PQcmdStatus(answers.back().get())) != "COMMIT")
    throw Fault(Fault::Kind::other, "COMMIT: a statement had failed before", true);
  // A wait for the standby that was cancelled is a success to the server, and a warning.
  if (handle_->warned)
    throw Fault(Fault::Kind::io, "COMMIT: the server warned; whether the standby has it is not known", true);
  if (commits_ != nullptr) commits_->observe(Steady::now() - start);
}

void PostgresConnection::rollback() {
  handle_->begin_owed = false;
  if (!std::exchange(handle_->begun, false) || !handle_->open()) return;
  handle_->queue("ROLLBACK");
  PQpipelineSync(handle_->raw);
  handle_->answers();
  handle_->asked.clear();
}

}  // namespace hg::store
