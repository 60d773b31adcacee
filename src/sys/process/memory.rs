//! Memory that only the start needed is given back before it is locked: what reading a large configuration left on the
//! heap, and the code that did it.

use std::fs;

/// Gives free heap and idle code back to the kernel. Code that is needed again is read again, from the page cache.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the call only looks at the allocator's own free lists.
        #[expect(unsafe_code, reason = "malloc_trim has no safe wrapper")]
        unsafe {
            libc::malloc_trim(0);
        }
    }
    // Without /proc everything stays, which costs a few MiB.
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, length) in maps.lines().filter_map(code) {
        // SAFETY: pages of a private file mapping that was never writable hold what the file holds, so that nothing is
        // lost and the next use finds the same bytes.
        #[expect(unsafe_code, reason = "madvise has no safe wrapper")]
        unsafe {
            libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED);
        }
    }
}

/// Start and length of a mapping of a file's code, from a line of `/proc/self/maps`.
fn code(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let file = words.nth(3).filter(|file| file.starts_with('/'));
    let (start, end) = range.split_once('-').filter(|_| rights == "r-xp" && file.is_some())?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_given_back() {
        let line = |rights, file| format!("55d0c8a00000-55d0c8a03000 {rights} 00002000 fe:00 1234    {file}");
        assert_eq!(code(&line("r-xp", "/usr/bin/hactl")), Some((0x55d0_c8a0_0000, 0x3000)));
        assert_eq!(code(&line("r--p", "/usr/bin/hactl")), None, "may hold relocations");
        assert_eq!(code(&line("rw-p", "/usr/bin/hactl")), None);
        assert_eq!(code(&line("r-xp", "[vdso]")), None);
        assert_eq!(code("nonsense"), None);
    }

    #[test]
    fn the_process_goes_on() {
        give_back();
        assert!(!fs::read_to_string("/proc/self/maps").unwrap().is_empty());
    }
}
