/* Preloaded, makes the n-th call of this process that changes a database file fail with an error of the disk.
 *
 * FAIL_AT says which. Counted are write, pwrite, fsync, fdatasync, ftruncate and rename on names with "kith.duckdb" in them.
 * What was counted is written to the file FAIL_COUNT names, at the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long at = -1, count = 0;

static int ours(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    char *name = strstr(path, "kith.duckdb");
    return name && !strstr(name, ".lock") && !strstr(name, ".wanted");
}

static int fails(void) {
    if (at < 0) {
        const char *said = getenv("FAIL_AT");
        at = said ? atol(said) : 0;
    }
    long now = __sync_add_and_fetch(&count, 1);
    if (now == at) {
        errno = EIO;
        return 1;
    }
    return 0;
}

__attribute__((destructor)) static void tell(void) {
    const char *where = getenv("FAIL_COUNT");
    FILE *file = where ? fopen(where, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", count);
        fclose(file);
    }
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) { REAL(write); return ours(fd) && fails() ? -1 : real(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t place) { REAL(pwrite); return ours(fd) && fails() ? -1 : real(fd, data, size, place); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) { REAL(pwrite64); return ours(fd) && fails() ? -1 : real(fd, data, size, place); }
int fsync(int fd) { REAL(fsync); return ours(fd) && fails() ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return ours(fd) && fails() ? -1 : real(fd); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); return ours(fd) && fails() ? -1 : real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return ours(fd) && fails() ? -1 : real(fd, size); }
int rename(const char *old, const char *new) { REAL(rename); return strstr(new, "kith.duckdb") && fails() ? -1 : real(old, new); }
