//! A program for a played load balancer: static, as what a deploy brings must be, and no more than the way to a script.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes a program.
pub(crate) fn executable(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An ELF file for x86-64 that becomes `/bin/sh /played/hactl.sh ARGUMENT…`. The version stands behind its end, so that
/// two versions differ.
pub(crate) fn hactl(version: &str) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    // argc becomes the pointer to "/bin/sh", argv[0] that to the script: what stood behind them is the rest of the new
    // argv.
    let code: &[&[u8]] = &[
        b"\x48\x8b\x0c\x24",                                         // mov rcx, [rsp]
        b"\x48\x8d\x3d\x2d\x00\x00\x00",                             // lea rdi, [rip + 45]: "/bin/sh"
        b"\x48\x89\x3c\x24",                                         // mov [rsp], rdi
        b"\x48\x8d\x05\x2a\x00\x00\x00",                             // lea rax, [rip + 42]: the script
        b"\x48\x89\x44\x24\x08",                                     // mov [rsp + 8], rax
        b"\x48\x89\xe6",                                             // mov rsi, rsp: argv
        b"\x48\x8d\x54\xcc\x10",                                     // lea rdx, [rsp + rcx * 8 + 16]: the environment
        b"\xb8\x3b\x00\x00\x00\x0f\x05",                             // execve
        b"\xb8\x3c\x00\x00\x00\xbf\x7f\x00\x00\x00\x0f\x05\xcc\xcc", // exit(127)
        b"/bin/sh\0",
        b"/played/hactl.sh\0",
    ];
    let code = code.concat();
    let size = HEADERS + code.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let halves = |file: &mut Vec<u8>, values: &[u16]| file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let words = |file: &mut Vec<u8>, values: &[u32]| file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let longs = |file: &mut Vec<u8>, values: &[u64]| file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    halves(&mut file, &[2, 62]);
    words(&mut file, &[1]);
    longs(&mut file, &[BASE + HEADERS, 64, 0]);
    words(&mut file, &[0]);
    halves(&mut file, &[64, 56, 1, 0, 0, 0]);
    words(&mut file, &[1, 5]); // one part, to be read and executed
    longs(&mut file, &[0, BASE, BASE, size, size, 0x1000]);
    file.extend(code);
    file.extend(version.as_bytes());
    file
}
