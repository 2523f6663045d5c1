// A filter of system calls in the classic BPF that the kernel takes: what programs of tests and puzzles never need and kernels have
// had holes in, or what holds memory that no other limit counts, is refused with EPERM.

/** Numbers of the refused system calls; the kernel's `unistd` tables. Those from 424 on are the same everywhere. */
const refused: Readonly<Record<string, { audit: number; clone: number; socket: number; calls: readonly number[] }>> = {
  x64: {
    audit: 0xc000_003e,
    clone: 56,
    socket: 41,
    calls: [
      // shmget, shmat, shmctl, semget, semop, semctl, msgget, msgsnd, msgrcv, msgctl
      29, 30, 31, 64, 65, 66, 68, 69, 70, 71,
      // ptrace, personality, pivot_root, chroot, acct, mount, umount2, swapon, swapoff, reboot
      101, 135, 155, 161, 163, 165, 166, 167, 168, 169,
      // init_module, delete_module, quotactl, add_key, request_key, keyctl, mq_open, kexec_load, unshare, vmsplice
      175, 176, 179, 248, 249, 250, 240, 246, 272, 278,
      // perf_event_open, fanotify_init, open_by_handle_at, setns, process_vm_readv, process_vm_writev, kcmp, finit_module
      298,
      300, 304, 308, 310, 311, 312, 313,
      // seccomp, memfd_create, kexec_file_load, bpf, userfaultfd
      317, 319, 320, 321, 323,
    ],
  },
  arm64: {
    audit: 0xc000_00b7,
    clone: 220,
    socket: 198,
    calls: [
      194, 195, 196, 190, 193, 191, 186, 189, 188, 187, 117, 92, 41, 51, 89, 40, 39, 224, 225, 142, 105, 106, 60, 217,
      218, 219, 180, 104, 97, 75, 241, 262, 265, 268, 270, 271, 272, 273, 277, 279, 294, 280, 282,
    ],
  },
}

// io_uring_*, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_getfd, mount_setattr, memfd_secret
const refusedEverywhere = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 447]
/** It cannot be looked into, so it is "not there": the C library then uses clone. */
const clone3 = 435
/** Local, IPv4 and IPv6 sockets live in the network namespace; others (vsock) would reach the host. */
const families = [1, 2, 10]
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e02_0000

const load = 0x20
const jumpIfEqual = 0x15
const jumpIfAtLeast = 0x35
const jumpIfAny = 0x45
const give = 0x06
const allow = 0x7fff_0000
const kill = 0x8000_0000
const errno = (number: number) => 0x0005_0000 | number
const notPermitted = errno(1)
const notThere = errno(38)

/** The compiled filter for this machine's architecture (`struct sock_filter[]`, little-endian), or null for one that is not known. */
export function seccompFilter(arch: string = process.arch): Buffer | null {
  const table = refused[arch]
  if (table === undefined) return null
  const program: [code: number, yes: number, no: number, value: number][] = [
    [load, 0, 0, 4],
    [jumpIfEqual, 1, 0, table.audit],
    [give, 0, 0, kill],
    [load, 0, 0, 0],
    // The x32 calls of x86-64 would go round the table.
    [jumpIfAtLeast, 0, 1, 0x4000_0000],
    [give, 0, 0, notPermitted],
    [jumpIfEqual, 0, 1, clone3],
    [give, 0, 0, notThere],
  ]
  for (const call of [...table.calls, ...refusedEverywhere])
    program.push([jumpIfEqual, 0, 1, call], [give, 0, 0, notPermitted])
  program.push(
    [jumpIfEqual, 0, 4, table.clone],
    [load, 0, 0, 16],
    [jumpIfAny, 0, 1, newNamespaces],
    [give, 0, 0, notPermitted],
    [give, 0, 0, allow],
    [jumpIfEqual, 0, families.length + 2, table.socket],
    [load, 0, 0, 16],
    ...families.map((family, at): (typeof program)[number] => [jumpIfEqual, families.length - at, 0, family]),
    [give, 0, 0, notPermitted],
    [give, 0, 0, allow],
  )
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, yes, no, value], at) => {
    bytes.writeUInt16LE(code, at * 8)
    bytes.writeUInt8(yes, at * 8 + 2)
    bytes.writeUInt8(no, at * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, at * 8 + 4)
  })
  return bytes
}
