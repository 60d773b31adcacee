//! The heap: what reading a large configuration leaves behind is given back before memory is locked.

/// Gives free memory back to the kernel, where the C library keeps it.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the call only looks at the allocator's own free lists.
        #[expect(unsafe_code, reason = "malloc_trim has no safe wrapper")]
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
