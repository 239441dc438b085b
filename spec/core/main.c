/* Runs the tests whose names hold one of the arguments, or all without any. */
#include "test.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#if defined __has_include
#if __has_include(<execinfo.h>)
#include <execinfo.h>
#define HAVE_BACKTRACE
#endif
#endif

enum { DUMP_SECONDS = 60 };

static mg_test_t *first;
static mg_test_t **last = &first;
static const char *volatile running;

char mg_test_context[256];

void
mg_test_list(mg_test_t *test)
{
    *last = test;
    last = &test->next;
}

static bool
wanted(const mg_test_t *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strstr(test->name, argv[i])) return true;
    }
    return argc == 1;
}

static void
say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(2);
}

/* The stacks of all threads of this process and its children, where gdb is there. */
static const char dump[] = "for pid in $PPID $(pgrep -P $PPID); do "
                           "[ $pid = $$ ] || gdb -p $pid -batch -ex 'thread apply all bt' 2>/dev/null; "
                           "done >&2";

static void
dump_stacks(void)
{
#ifdef HAVE_BACKTRACE
    void *frames[64];
    backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
#endif
#ifdef PR_SET_PTRACER
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", dump, (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < DUMP_SECONDS && child > 0 && waitpid(child, NULL, WNOHANG) == 0; i++) sleep(1);
}

/* Only what a signal handler may do, but for the dump: the process is lost anyway. */
static void
out_of_time(int number)
{
    signal(number, SIG_DFL);
    alarm(2 * DUMP_SECONDS);
    say(running);
    say(": ran out of time\n");
    if (mg_test_context[0]) say(mg_test_context);
    dump_stacks();
    abort();
}

int
main(int argc, char **argv)
{
    unsigned count = 0;

    signal(SIGALRM, out_of_time);
    for (const mg_test_t *test = first; test; test = test->next) {
        if (!wanted(test, argc, argv)) continue;
        running = test->name;
        mg_test_context[0] = '\0';
        alarm(MG_TEST_SECONDS);
        test->run();
        alarm(0);
        count++;
    }
    printf("%u C tests passed\n", count);
    return count > 0 ? 0 : 1;
}
