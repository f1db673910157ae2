"""The system calls that no site may make, as a filter for bubblewrap."""

import os
import tempfile

import pyseccomp

CLONE_NEWUSER = 0x10000000

DENIED = """
    unshare setns mount umount2 pivot_root chroot ptrace process_vm_readv process_vm_writev
    kexec_load kexec_file_load bpf perf_event_open keyctl add_key request_key userfaultfd
    open_by_handle_at name_to_handle_at init_module finit_module delete_module swapon swapoff reboot
    io_uring_setup io_uring_enter io_uring_register quotactl acct move_mount open_tree fsopen
    fsmount fsconfig fspick mount_setattr process_madvise kcmp lookup_dcookie settimeofday
    clock_settime
""".split()
"""Ways to new namespaces, other processes' memory and kernel parts with a history of holes."""


def build_filter() -> bytes:
    """A BPF program: everything is allowed but the denied calls, which fail with EPERM."""
    program = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in DENIED:
        try:
            program.add_rule(pyseccomp.ERRNO(1), name)
        except (ValueError, RuntimeError, OSError):
            continue  # a call that this machine's processor or library does not know cannot be made by its name
    program.add_rule(pyseccomp.ERRNO(1), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER))
    # The flags of clone3 lie in memory where no filter can look; ENOSYS makes libraries take clone
    program.add_rule(pyseccomp.ERRNO(38), "clone3")
    with tempfile.TemporaryFile() as stream:
        program.export_bpf(stream)
        stream.flush()
        os.lseek(stream.fileno(), 0, os.SEEK_SET)
        return stream.read()
