# SPDX-License-Identifier: Apache-2.0
# Run at every build: writes version.c anew only when the commit is another one.
execute_process(
  COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT COMMIT)
  set(COMMIT "unknown")
endif()
configure_file("${IN}" "${OUT}" @ONLY)
