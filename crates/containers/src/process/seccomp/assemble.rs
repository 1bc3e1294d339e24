//! Turns a set of system call numbers into a classic BPF program (seccomp(2)): a binary search over ranges, so a call costs a
//! handful of comparisons whatever its number.

use libc::sock_filter;

/// `AUDIT_ARCH_*` of this machine (linux/audit.h).
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;

const LOAD: u16 = 0x20;
const JEQ: u16 = 0x15;
const JGE: u16 = 0x35;
const JSET: u16 = 0x45;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const DENY: u32 = 0x0005_0000 | libc::EPERM as u32;
const MISSING: u32 = 0x0005_0000 | libc::ENOSYS as u32;

// Offsets in seccomp_data; both architectures are little-endian, so an argument's low half comes first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARG0: u32 = 16;
const ARG0_HIGH: u32 = 20;

/// Every `CLONE_NEW*` flag: a container makes no namespaces.
pub(crate) const NAMESPACES: u32 = 0x7e02_0000;

/// The values personality(2) may be called with: PER_LINUX, PER_LINUX32, UNAME26, both, and the question.
pub(crate) const PERSONALITIES: [u32; 5] = [0, 0x8, 0x20000, 0x20008, 0xffff_ffff];

/// A program that allows `numbers`, and clone, personality and socket by their arguments. With `admin`, clone and clone3 too.
pub(super) fn assemble(mut numbers: Vec<u32>, admin: bool) -> Vec<sock_filter> {
    if admin {
        numbers.extend([libc::SYS_clone as u32, libc::SYS_clone3 as u32]);
    }
    let mut program = vec![op(LOAD, ARCHITECTURE), jump(JEQ, ARCH, 1, 0), op(RETURN, DENY), op(LOAD, NUMBER)];
    if !admin {
        // The C library falls back to clone, whose flags can be looked at.
        program.extend([jump(JEQ, libc::SYS_clone3 as u32, 0, 1), op(RETURN, MISSING)]);
        program.extend([
            jump(JEQ, libc::SYS_clone as u32, 0, 4),
            op(LOAD, ARG0),
            jump(JSET, NAMESPACES, 1, 0),
            op(RETURN, ALLOW),
            op(RETURN, DENY),
        ]);
    }
    program.extend([
        jump(JEQ, libc::SYS_socket as u32, 0, 4),
        op(LOAD, ARG0),
        jump(JEQ, libc::AF_VSOCK as u32, 1, 0),
        op(RETURN, ALLOW),
        op(RETURN, DENY),
    ]);
    program.extend(personality());
    search(&ranges(numbers), &mut program);
    program
}

fn personality() -> Vec<sock_filter> {
    let values = PERSONALITIES.len() as u8;
    let mut program = vec![
        jump(JEQ, libc::SYS_personality as u32, 0, values + 5),
        op(LOAD, ARG0_HIGH),
        jump(JEQ, 0, 0, values + 1),
        op(LOAD, ARG0),
    ];
    program.extend(PERSONALITIES.iter().zip(0..).map(|(value, index)| jump(JEQ, *value, values - index, 0)));
    program.extend([op(RETURN, DENY), op(RETURN, ALLOW)]);
    program
}

/// Sorted, disjoint, half-open ranges.
fn ranges(mut numbers: Vec<u32>) -> Vec<(u32, u32)> {
    numbers.sort_unstable();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end >= number => *end = number + 1,
            _ => ranges.push((number, number + 1)),
        }
    }
    ranges
}

/// Appends code that decides the number in the accumulator.
fn search(ranges: &[(u32, u32)], program: &mut Vec<sock_filter>) {
    match ranges {
        [] => program.push(op(RETURN, DENY)),
        [(start, end)] => {
            program.extend([jump(JGE, *start, 0, 1), jump(JGE, *end, 0, 1), op(RETURN, DENY), op(RETURN, ALLOW)])
        }
        _ => {
            let (low, high) = ranges.split_at(ranges.len() / 2);
            let mut below = Vec::new();
            search(low, &mut below);
            let middle = high.first().map_or(u32::MAX, |range| range.0);
            // Conditional jumps reach 255 instructions only, so a longer way takes an unconditional one.
            program.extend([jump(JGE, middle, 0, 1), sock_filter { code: 0x05, jt: 0, jf: 0, k: below.len() as u32 }]);
            program.append(&mut below);
            search(high, program);
        }
    }
}

fn op(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program as the kernel would.
    fn run(program: &[sock_filter], arch: u32, number: u32, arg0: u64) -> u32 {
        let (mut accumulator, mut at) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            match step.code {
                LOAD => {
                    accumulator = match step.k {
                        NUMBER => number,
                        ARCHITECTURE => arch,
                        ARG0 => arg0 as u32,
                        ARG0_HIGH => (arg0 >> 32) as u32,
                        other => panic!("load of {other}"),
                    }
                }
                RETURN => return step.k,
                0x05 => at += step.k as usize,
                code => {
                    let yes = match code {
                        JEQ => accumulator == step.k,
                        JGE => accumulator >= step.k,
                        JSET => accumulator & step.k != 0,
                        other => panic!("instruction {other}"),
                    };
                    at += usize::from(if yes { step.jt } else { step.jf });
                }
            }
        }
    }

    #[test]
    fn exactly_the_given_numbers_are_allowed() {
        let numbers = vec![0, 1, 2, 9, 57, 60, 61, 400];
        let program = assemble(numbers.clone(), false);
        let special =
            [libc::SYS_clone, libc::SYS_clone3, libc::SYS_socket, libc::SYS_personality].map(|number| number as u32);
        for number in (0..600).chain([0x4000_0001, u32::MAX]).filter(|number| !special.contains(number)) {
            let expected = if numbers.contains(&number) { ALLOW } else { DENY };
            assert_eq!(run(&program, ARCH, number, 0), expected, "number {number}");
        }
    }

    #[test]
    fn another_architecture_is_refused() {
        assert_eq!(run(&assemble(vec![1], false), 0x4000_0003, 1, 0), DENY);
    }

    #[test]
    fn arguments_decide() {
        let program = assemble(vec![1], false);
        let call = |number: i64, arg| run(&program, ARCH, number as u32, arg);
        assert_eq!(call(libc::SYS_clone, libc::SIGCHLD as u64), ALLOW);
        assert_eq!(call(libc::SYS_clone, libc::CLONE_NEWUSER as u64), DENY);
        assert_eq!(call(libc::SYS_clone3, 0), MISSING);
        assert_eq!(call(libc::SYS_socket, libc::AF_INET as u64), ALLOW);
        assert_eq!(call(libc::SYS_socket, libc::AF_VSOCK as u64), DENY);
        for value in PERSONALITIES {
            assert_eq!(call(libc::SYS_personality, value.into()), ALLOW);
        }
        assert_eq!(call(libc::SYS_personality, 0x40000), DENY);
        assert_eq!(call(libc::SYS_personality, 1 << 32), DENY);
    }

    #[test]
    fn admin_may_make_namespaces() {
        let program = assemble(vec![1], true);
        assert_eq!(run(&program, ARCH, libc::SYS_clone as u32, libc::CLONE_NEWNS as u64), ALLOW);
        assert_eq!(run(&program, ARCH, libc::SYS_clone3 as u32, 0), ALLOW);
    }
}
