/* The program that every supervisor keeps in the benchmark, as small as can be.
 *
 *     program FIFO,ID                 says that it runs, then does nothing
 *     program FIFO,ID,SECONDS,BYTES   says that it runs, and on SIGUSR1 writes lines
 *                                     until the time or the bytes are used up
 *
 * What it says is one line in the FIFO: its id, its pid, CLOCK_MONOTONIC in ns, and how
 * many bytes it has written so far. One argument holds it all, because "#!" gives one.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE 128
#define BLOCK 4096 /* what stdio writes at once into a pipe */

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int say(const char *fifo, const char *id, int64_t written) {
  char line[256];
  int fd = open(fifo, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return 1;
  int size = snprintf(line, sizeof line, "%s %d %" PRId64 " %" PRId64 "\n", id,
                      (int)getpid(), now(), written);
  int wrong = write(fd, line, (size_t)size) != size;
  close(fd);
  return wrong;
}

static int64_t chatter(int64_t until, int64_t limit) {
  char block[BLOCK];
  memset(block, 'x', sizeof block);
  for (int end = LINE - 1; end < BLOCK; end += LINE)
    block[end] = '\n';
  int64_t written = 0;
  while (written < limit && now() < until) {
    ssize_t size = write(STDOUT_FILENO, block, sizeof block);
    if (size < 0)
      return -1;
    written += size;
  }
  return written;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  const char *fifo = strtok(argv[1], ",");
  const char *id = strtok(NULL, ",");
  const char *seconds = strtok(NULL, ",");
  const char *bytes = strtok(NULL, ",");
  if (id == NULL)
    return 2;
  sigset_t go;
  sigemptyset(&go);
  sigaddset(&go, SIGUSR1);
  sigprocmask(bytes ? SIG_BLOCK : SIG_UNBLOCK, &go, NULL);
  if (say(fifo, id, 0))
    return 1;
  if (bytes) {
    int got;
    sigwait(&go, &got);
    int64_t until = now() + strtoll(seconds, NULL, 10) * 1000000000;
    if (say(fifo, id, chatter(until, strtoll(bytes, NULL, 10))))
      return 1;
  }
  for (;;)
    pause();
}
