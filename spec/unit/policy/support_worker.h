// SPDX-License-Identifier: Apache-2.0
/* A worker that does as it is told, for tests of what feeds workers: the test program itself,
 * started as hookd-policy. A script's text is what it does with a run:
 *
 *  plan      plans all endpoints as they are        fail      fails: "plain.lua:1: no"
 *  filter    drops, "why"                           who       fails, the text is "PID SCRIPTS"
 *  own       a body and a header for the first      logs      plans, with two lines of hook.log
 *  delay     (retry) after 5000 ms                  burn      burns 30 ms of CPU, then plans
 *  hang      never answers, burns CPU               sleep     never answers, burns none
 *  abort     SIGABRT                                sigsys    SIGSYS
 *  exit      ends with status 3                     half      sends half an answer, then ends
 *  garbage   sends a frame that is none             huge      sends a length that cannot be
 *  stranger  answers to another run                 twice     answers twice
 *  ready     says READY again                       decide    answers a plan with DECIDED
 *  bad_*     plans what must not be, see the code
 *  flip      plans with one wrong bit in its frame, another one for each run
 *  obey      does what the event's body or the attempt's event type says (a word in it)
 *
 * SETUP with a small plan_bytes_max: 1 ends before READY, 2 never says it, 3 says something else,
 * 4 fails run 0 with what it was given and ends. */
#pragma once

/** Runs as the worker if this program was started as one; returns otherwise. First thing in
 * main(). */
void support_worker_main(char **arguments);

/** Gets the path of this program. */
const char *support_worker_path(void);
