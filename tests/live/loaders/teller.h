/* Writes down who this process is: one line for /data/trace, by whom, with the kernel's account of its rights. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void tell(const char *by)
{
    static const char *wanted[] = {"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
    char status[8192], line[1024];
    int from = open("/proc/self/status", O_RDONLY), to, used;
    ssize_t size = from < 0 ? -1 : read(from, status, sizeof status - 1);
    if (size < 0)
        return;
    status[size] = 0;
    close(from);
    used = snprintf(line, sizeof line, "%s", by);
    for (unsigned at = 0; at < sizeof wanted / sizeof *wanted; at++) {
        char *found = strstr(status, wanted[at]), *end = found ? strchr(found, '\n') : NULL;
        if (end)
            used += snprintf(line + used, sizeof line - used, "|%.*s", (int)(end - found), found);
    }
    used += snprintf(line + used, sizeof line - used, "\n");
    to = open("/data/trace", O_WRONLY | O_APPEND | O_CREAT, 0666);
    if (to >= 0 && write(to, line, used) != used)
        _exit(99);
    close(to);
}
