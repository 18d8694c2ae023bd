// Ctrl-C: long work asks whether to stop, between steps.
#pragma once

#include "mantissa/result.h"

namespace mantissa::base {

// Installs handlers for SIGINT and SIGTERM that remember the request;
// a second signal removes unfinished files and ends the process with 130.
void handle_interrupts();
[[nodiscard]] bool interrupted();
// An Error with ErrorCode::interrupted after a signal, success before.
[[nodiscard]] Result<void> check_interrupt();

}  // namespace mantissa::base
