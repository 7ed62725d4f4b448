/* A slow, busy machine: stands between a program and the C library (LD_PRELOAD), and delays at random
   what a disk, the network and the scheduler may delay: syncs, renames, writes, sockets, and the start
   of threads and processes. No call fails, and none is done in another order.

   RECORDER_SLOW_SEED   which delays: the n-th call of a process is delayed alike in each run
   RECORDER_SLOW_TRACE  a file that gets the name of each call that was delayed, a line each */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed, calls;
static const char *trace;

__attribute__((constructor)) static void begin(void)
{
    const char *given = getenv("RECORDER_SLOW_SEED"), *worker = getenv("PYTEST_XDIST_WORKER");
    seed = given ? strtoull(given, NULL, 10) : 0;
    for (; worker && *worker; worker++)
        seed = seed * 31 + (unsigned char)*worker; /* or all workers would wait at the same places */
    trace = getenv("RECORDER_SLOW_TRACE");
}

/* SplitMix64 (Steele, Lea and Flood 2014): the n-th number without those before it, so that threads
   share nothing but a counter. */
static uint64_t nth(uint64_t n)
{
    uint64_t z = seed * 0xD1342543DE82EF95u + n * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* One call of `one_in` waits for up to `longest_ms`. Safe in signal handlers and after vfork. */
static void delay(const char *name, unsigned one_in, unsigned longest_ms)
{
    uint64_t drawn = nth(__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED));
    if (drawn % one_in)
        return;
    int error = errno;
    if (trace) {
        int file = syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        struct iovec line[] = {{(char *)name, strlen(name)}, {"\n", 1}};
        syscall(SYS_writev, file, line, 2);
        syscall(SYS_close, file);
    }
    uint64_t us = (drawn >> 32) % (longest_ms * 1000 + 1);
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) && errno == EINTR)
        ;
    errno = error;
}

#define DELAYED(type, name, one_in, longest_ms, parameters, arguments)     \
    type name parameters                                                   \
    {                                                                      \
        static type(*next) parameters;                                     \
        if (!next)                                                         \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);            \
        delay(#name, one_in, longest_ms);                                  \
        return next arguments;                                             \
    }

DELAYED(int, fsync, 2, 300, (int fd), (fd))
DELAYED(int, fdatasync, 2, 300, (int fd), (fd))
DELAYED(int, rename, 4, 100, (const char *from, const char *to), (from, to))
DELAYED(int, renameat, 4, 100, (int a, const char *from, int b, const char *to), (a, from, b, to))
DELAYED(ssize_t, write, 100, 20, (int fd, const void *data, size_t size), (fd, data, size))
DELAYED(ssize_t, writev, 100, 20, (int fd, const struct iovec *data, int count), (fd, data, count))
DELAYED(ssize_t, pwrite64, 50, 20, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
DELAYED(int, connect, 4, 50, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
DELAYED(int, accept4, 4, 50, (int fd, struct sockaddr *from, socklen_t *size, int flags), (fd, from, size, flags))
DELAYED(ssize_t, send, 8, 50, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
DELAYED(ssize_t, recv, 8, 50, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
DELAYED(ssize_t, sendmsg, 8, 50, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
DELAYED(ssize_t, recvmsg, 8, 50, (int fd, struct msghdr *message, int flags), (fd, message, flags))
DELAYED(int, execve, 2, 300, (const char *path, char *const given[], char *const environment[]),
        (path, given, environment))
DELAYED(int, execv, 2, 300, (const char *path, char *const given[]), (path, given))
DELAYED(int, posix_spawn, 2, 300,
        (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
         const posix_spawnattr_t *attributes, char *const given[], char *const environment[]),
        (pid, path, actions, attributes, given, environment))

struct start {
    void *(*routine)(void *);
    void *argument;
};

static void *late(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    delay("pthread_create", 4, 50); /* here: its creator goes on meanwhile */
    return start.routine(start.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!next)
        next = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
    struct start *start = malloc(sizeof *start);
    if (!start)
        return EAGAIN;
    *start = (struct start){routine, argument};
    int failed = next(thread, attributes, late, start);
    if (failed)
        free(start);
    return failed;
}
