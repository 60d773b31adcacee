//! How the lines of a screen are shared out.

/// Lines for each part, its heading among them, so that nobody has more than he wants: each in turn gets one more. A
/// part that wants nothing gets no heading, and a heading alone is worth nothing.
pub(super) fn share<const N: usize>(room: usize, wants: &[usize; N]) -> [usize; N] {
    let wants = wants.map(|want| if want == 0 { 0 } else { want + 1 });
    let mut given = [0; N];
    let mut left = room;
    loop {
        let before = left;
        for (given, want) in given.iter_mut().zip(wants) {
            let next = if *given == 0 { 2 } else { 1 };
            if *given < want && left >= next {
                *given += next;
                left -= next;
            }
        }
        if left == before {
            return given;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shared_out() {
        assert_eq!(share(40, &[1, 5, 0, 2]), [2, 6, 0, 3]);
        assert_eq!(share(10, &[1, 50, 9, 2]), [2, 3, 3, 2]);
        assert_eq!(share(5, &[1, 50, 9, 2]), [2, 3, 0, 0]);
        assert_eq!(share(1, &[1, 1]), [0, 0]);
    }
}
