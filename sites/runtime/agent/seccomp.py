"""The system calls that a site may make, as a filter for bubblewrap.

An allow list: a new kernel brings new calls, and none of them is a site's before somebody has looked at it. What is on
no list below is answered as by a kernel that does not have it (ENOSYS), so that libraries take their older way; a call
that is known and refused answers EPERM. Programs of another architecture (i386 and x32 on x86-64) are ended at their
first call. docs/system-calls.md compares the lists with the default profile of a container runtime.
"""

import errno
import os
import resource
import socket
import stat
import tempfile
from collections.abc import Iterable

import pyseccomp
from pyseccomp import EQ, GT, MASKED_EQ, Arg, SyscallFilter

ALLOWED = tuple(
    """
    access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
    fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr
    fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 getxattr getxattrat lchown lgetxattr
    link linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat mkdir mkdirat newfstatat open
    openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv
    removexattr removexattrat rename renameat renameat2 rmdir sendfile setxattr setxattrat splice stat statfs statx
    symlink symlinkat sync sync_file_range syncfs tee truncate umask unlink unlinkat utime utimensat utimes vmsplice
    write writev

    epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
    eventfd2 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl poll ppoll pselect6 select signalfd
    signalfd4

    brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap
    mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
    remap_file_pages

    arch_prctl capget capset execve execveat exit exit_group fork get_robust_list get_thread_area getcpu getegid
    geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid
    gettid getuid ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self pause
    pidfd_open pidfd_send_signal restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask
    rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield set_robust_list
    set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setpgid setpriority setregid setresgid setresuid
    setreuid setsid setuid sigaltstack sysinfo tgkill tkill uname uretprobe vfork wait4 waitid

    alarm clock_getres clock_gettime clock_nanosleep getitimer getrandom gettimeofday nanosleep setitimer time
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime
    timerfd_settime times

    futex futex_requeue futex_wait futex_waitv futex_wake mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend
    mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget

    accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg
    sendto shutdown
    """.split()
)
"""With whatever arguments: files, waiting, memory, processes, time, exchange between processes, sockets."""

BY_ARGUMENT = tuple("clone mknod mknodat personality prctl prlimit64 setrlimit setsockopt socket socketpair".split())
"""Allowed with some arguments; see the functions below."""

REFUSED = tuple(
    """
    chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root setdomainname sethostname
    setns umount2 unshare

    kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace

    add_key fanotify_init fanotify_mark keyctl name_to_handle_at open_by_handle_at request_key

    adjtimex clock_adjtime clock_settime settimeofday

    acct bpf delete_module finit_module init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl
    kexec_file_load kexec_load lookup_dcookie modify_ldt perf_event_open quotactl quotactl_fd reboot swapoff swapon
    syslog userfaultfd vhangup
    """.split()
)
"""Ways to other views of the machine, to others' memory, to keys and files without a name, to the machine's clock, and
to parts of the kernel that only an administrator uses or that have a history of holes."""

NUMBERS = {
    "cachestat": 451,
    "fchmodat2": 452,
    "map_shadow_stack": 453,
    "futex_wake": 454,
    "futex_wait": 455,
    "futex_requeue": 456,
    "mseal": 462,
    "setxattrat": 463,
    "getxattrat": 464,
    "listxattrat": 465,
    "removexattrat": 466,
    "uretprobe": 335,
}
"""Of calls that are younger than the libseccomp of a supported system; the same on every architecture that has them."""

NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""Flags of clone(2): mounts, control groups, host name, exchange, users, processes, network."""
FILE_KIND_MASK = 0o170000
FILE_KINDS = (0, stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK)
DEVICE_KINDS = (stat.S_IFCHR, stat.S_IFBLK)
RESOURCES = 16
"""Limits of a process, RLIMIT_CPU to RLIMIT_RTTIME; the kernel knows no other."""
PR_SET_SECCOMP = 22
FILTERS = (26, 50, 51, 52)
"""SO_ATTACH_FILTER, _BPF, _REUSEPORT_CBPF and _REUSEPORT_EBPF of SOL_SOCKET."""
OPTION_BITS, LEVEL_BITS, NAME_BITS = 31, 10, 10
"""Of the options of prctl(2), and of the levels and names of setsockopt(2); none has more."""
PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Linux, as on 32 bits, with an old version number, both; and the question which it is."""
PROTOCOLS = {
    socket.AF_INET: (0, socket.IPPROTO_ICMP, socket.IPPROTO_TCP, socket.IPPROTO_UDP),
    socket.AF_INET6: (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMPV6),
    socket.AF_NETLINK: (0,),  # NETLINK_ROUTE: libraries ask it for the machine's own addresses
}
FAMILIES = (socket.AF_UNIX, *PROTOCOLS)

WHOLE = (1 << 64) - 1
"""Every bit of an argument."""

OPTIMIZE_AS_TREE = 2
ALLOW, REFUSE = pyseccomp.ALLOW, pyseccomp.ERRNO(errno.EPERM)
DONE = pyseccomp.ERRNO(0)
"""Answered as if it had been done."""


def build_filter() -> bytes:
    """A BPF program for the machine's own architecture."""
    program = SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
    program.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    program.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, OPTIMIZE_AS_TREE)
    for name in ALLOWED:
        _add(program, ALLOW, name)
    for name in REFUSED:
        _add(program, REFUSE, name)
    _add_new_processes(program)
    _add_nodes(program)
    _add_personalities(program)
    _add_limits(program)
    _add_filters(program)
    _add_sockets(program)
    with tempfile.TemporaryFile() as stream:
        program.export_bpf(stream)
        stream.flush()
        os.lseek(stream.fileno(), 0, os.SEEK_SET)
        return stream.read()


def _add(program: SyscallFilter, action: int, name: str, *conditions: Arg) -> None:
    """A call that this architecture does not have, or that no library and no list here can number, stays ENOSYS."""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    number = NUMBERS.get(name, number) if number < 0 else number
    if number >= 0:
        program.add_rule(action, number, *conditions)


def _add_new_processes(program: SyscallFilter) -> None:
    """In the namespaces of their parent. The flags of clone3 lie in memory, where no filter can look: it is ENOSYS."""
    _add(program, ALLOW, "clone", Arg(0, MASKED_EQ, sum(NAMESPACES), 0))
    for flag in NAMESPACES:
        _add(program, REFUSE, "clone", Arg(0, MASKED_EQ, flag, flag))


def _add_nodes(program: SyscallFilter) -> None:
    """Files, pipes and sockets; no devices."""
    for name, mode in (("mknod", 1), ("mknodat", 2)):
        for action, kinds in ((ALLOW, FILE_KINDS), (REFUSE, DEVICE_KINDS)):
            for kind in kinds:
                _add(program, action, name, Arg(mode, MASKED_EQ, FILE_KIND_MASK, kind))


def _add_personalities(program: SyscallFilter) -> None:
    for value in PERSONALITIES:
        _add(program, ALLOW, "personality", Arg(0, EQ, value))


def _add_limits(program: SyscallFilter) -> None:
    """Each process may change its limits, but not that of core dumps.

    See `confinement.NO_CORE`: a site that lowers it would have its dumps written. Scripts that set it go on.
    """
    for number in range(RESOURCES):
        if number != resource.RLIMIT_CORE:
            _add(program, ALLOW, "setrlimit", Arg(0, EQ, number))
            _add(program, ALLOW, "prlimit64", Arg(1, EQ, number))
    _add(program, DONE, "setrlimit", Arg(0, EQ, resource.RLIMIT_CORE))
    _add(program, ALLOW, "prlimit64", Arg(1, EQ, resource.RLIMIT_CORE), Arg(2, EQ, 0))
    _add(program, DONE, "prlimit64", Arg(1, EQ, resource.RLIMIT_CORE), Arg(2, GT, 0))


def _add_filters(program: SyscallFilter) -> None:
    """No program for the kernel, of sockets or of system calls: one bound holds for those of the whole machine.

    Where it is reached nobody's filter is loaded any more: no other site starts, and nobody signs in by ssh.
    """
    for option in _blocks(0, OPTION_BITS, (PR_SET_SECCOMP,)):
        _add(program, ALLOW, "prctl", option)
    _add(program, pyseccomp.ERRNO(errno.EINVAL), "prctl", Arg(0, EQ, PR_SET_SECCOMP))
    for level in _blocks(1, LEVEL_BITS, (socket.SOL_SOCKET,)):
        _add(program, ALLOW, "setsockopt", level)
    for name in _blocks(2, NAME_BITS, FILTERS):
        _add(program, ALLOW, "setsockopt", Arg(1, EQ, socket.SOL_SOCKET), name)
    for number in FILTERS:
        refused = (Arg(1, EQ, socket.SOL_SOCKET), Arg(2, EQ, number))
        _add(program, pyseccomp.ERRNO(errno.ENOPROTOOPT), "setsockopt", *refused)


def _add_sockets(program: SyscallFilter) -> None:
    """Of the families and protocols above; any other family or protocol is answered as by a kernel without it."""
    no_family, no_protocol = pyseccomp.ERRNO(errno.EAFNOSUPPORT), pyseccomp.ERRNO(errno.EPROTONOSUPPORT)
    _add(program, ALLOW, "socketpair", Arg(0, EQ, socket.AF_UNIX))
    for other in _all_but(0, (socket.AF_UNIX,)):
        _add(program, no_family, "socketpair", other)
    _add(program, ALLOW, "socket", Arg(0, EQ, socket.AF_UNIX))
    for other in _all_but(0, FAMILIES):
        _add(program, no_family, "socket", other)
    for family, protocols in PROTOCOLS.items():
        for protocol in protocols:
            _add(program, ALLOW, "socket", Arg(0, EQ, family), Arg(2, EQ, protocol))
        for other in _all_but(2, protocols):
            _add(program, no_protocol, "socket", Arg(0, EQ, family), other)


def _all_but(argument: int, allowed: Iterable[int]) -> list[Arg]:
    """Conditions that together hold for every other value of that argument, however many bits it has."""
    values = {int(value) for value in allowed}
    below = [Arg(argument, EQ, value) for value in range(max(values)) if value not in values]
    return [*below, Arg(argument, GT, max(values))]


def _blocks(argument: int, bits: int, excluded: Iterable[int], start: int = 0) -> list[Arg]:
    """Conditions that together hold for every number of so many bits, from `start`, but for the excluded ones.

    The kernel takes only 32 bits of such an argument and a filter sees 64: a number with more is none of these.
    """
    inside = [value for value in excluded if start <= value < start + (1 << bits)]
    if not inside:
        return [Arg(argument, MASKED_EQ, WHOLE ^ ((1 << bits) - 1), start)]
    if bits == 0:
        return []
    half = 1 << (bits - 1)
    return [*_blocks(argument, bits - 1, inside, start), *_blocks(argument, bits - 1, inside, start + half)]
