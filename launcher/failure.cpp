#include "launcher/failure.h"

#include <c10/util/Exception.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include "launcher/exit_codes.h"
#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

int report(const std::exception& error) {
  std::string message = error.what();
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) {
    message = torch_error->what_without_backtrace();
  }
  if (dynamic_cast<const Error*>(&error) == nullptr) message = "unexpected error: " + message;
  log_error(message);
  return exit_code_of(error);
}

int report_current() {
  const auto error = std::current_exception();
  if (!error) {
    log_error("the program ended itself without an error: a defect of Dermatome");
    return kExitInternal;
  }
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return report(known);
  } catch (...) {
    log_error("unknown error: a defect of Dermatome");
    return kExitInternal;
  }
}

[[noreturn]] void end_with_error() {
  const int code = report_current();
  std::cout.flush();
  // A broken collective is mostly another rank's doing: let that one end first, because a launcher
  // passes the first exit code on.
  if (code == kExitTryAgain) std::this_thread::sleep_for(std::chrono::seconds(1));
  _exit(code);
}

}  // namespace

void end_at_uncaught_errors() { std::set_terminate(end_with_error); }

}  // namespace dermatome
