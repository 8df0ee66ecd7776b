#include "tests/support/program_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): not declared in strict mode

namespace heapscribe::tests {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe2");
  return {ends[0], ends[1]};
}

bool belongs_to_heapscribe(std::string_view entry) {
  return entry.starts_with("LD_PRELOAD=") || entry.starts_with("HEAPSCRIBE_");
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (!belongs_to_heapscribe(text) && !command.environment.contains(name)) {
      result.emplace_back(text);
    }
  }
  for (const auto& [name, value] : command.environment) {
    if (value) result.push_back(name + "=" + *value);
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// A file that holds the input: unlike a pipe it never blocks the writer.
int input_descriptor(const std::string& input) {
  if (input.empty()) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int file = memfd_create("input", MFD_CLOEXEC);
  if (file < 0) throw_errno("memfd_create");
  if (write(file, input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
    throw_errno("write");
  }
  lseek(file, 0, SEEK_SET);
  return file;
}

// Between fork and exec: nothing here may allocate.
[[noreturn]] void become(const Command& command, char** arguments, char** environment, int in,
                         int out, int err) {
  setpgid(0, 0);
  const rlimit no_core_files{0, 0};
  setrlimit(RLIMIT_CORE, &no_core_files);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) _exit(126);
  for (const int descriptor : command.closed) close(descriptor);
  execvpe(arguments[0], arguments, environment);
  _exit(127);
}

// False once nothing more can come.
bool append_available(int descriptor, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t count = read(descriptor, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

int remaining_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

void PrintTo(const Finished& finished, std::ostream* stream) {
  *stream << "exit status " << finished.exit_status << ", signal " << finished.signal
          << (finished.timed_out ? ", TIMED OUT" : "") << "\n--- stdout\n"
          << finished.out.substr(0, 4000) << "\n--- stderr\n"
          << finished.err.substr(0, 4000) << "\n---";
}

std::string describe(const Finished& finished) {
  std::ostringstream stream;
  PrintTo(finished, &stream);
  return stream.str();
}

RunningProgram::RunningProgram(const Command& command) : limit_(command.limit) {
  std::vector<std::string> argument_texts = command.arguments;
  std::vector<std::string> environment_texts = environment_of(command);
  const std::vector<char*> arguments = pointers_to(argument_texts);
  const std::vector<char*> environment = pointers_to(environment_texts);
  const int input = input_descriptor(command.input);
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  pid_ = fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    become(command, const_cast<char**>(arguments.data()), const_cast<char**>(environment.data()),
           input, out.write_end, err.write_end);
  }
  setpgid(pid_, pid_);  // whoever comes first, parent or child
  process_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (process_ < 0) throw_errno("pidfd_open");
  close(input);
  close(out.write_end);
  close(err.write_end);
  out_ = out.read_end;
  err_ = err.read_end;
}

RunningProgram::~RunningProgram() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int descriptor : {process_, out_, err_}) {
    if (descriptor >= 0) close(descriptor);
  }
}

void RunningProgram::read_output(Finished& finished, Clock::time_point deadline) const {
  bool out_open = true;
  bool err_open = true;
  bool alive = true;
  while (out_open || err_open || alive) {
    std::array<pollfd, 3> waiting{{{out_open ? out_ : -1, POLLIN, 0},
                                   {err_open ? err_ : -1, POLLIN, 0},
                                   {alive ? process_ : -1, POLLIN, 0}}};
    const int ready = poll(waiting.data(), waiting.size(), remaining_ms(deadline));
    if (ready == 0) {
      finished.timed_out = true;
      return;
    }
    if (waiting[0].revents != 0) out_open = append_available(out_, finished.out);
    if (waiting[1].revents != 0) err_open = append_available(err_, finished.err);
    if (waiting[2].revents != 0) alive = false;
  }
}

Finished RunningProgram::finish() {
  Finished finished;
  read_output(finished, Clock::now() + limit_);
  if (finished.timed_out) {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);  // if it left its group
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  if (WIFEXITED(status)) finished.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  pid_ = -1;
  return finished;
}

Finished run(const Command& command) {
  return RunningProgram(command).finish();
}

bool is_installed(const std::string& name) {
  const char* folders = std::getenv("PATH");
  std::istringstream path(folders != nullptr ? folders : "");
  for (std::string folder; std::getline(path, folder, ':');) {
    if (access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "heapscribe-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw_errno("mkdtemp");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = Clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace heapscribe::tests
