//! What is said to a host so that a script runs as written, whatever its login shell is, prints or reads. Pure: bytes
//! in, words to send out.
//!
//! The login shell is given one line that every shell reads alike (one pair of quotes, nothing special in them). It
//! starts `/bin/sh`, which prints a mark; what came before the mark is the profile's. Where sudo comes first, the login
//! shell prints a mark of its own before it, so that it is seen who did not go on. Only then the script and its input
//! are sent, so that nobody else reads them; its length is in the line. The script is one compound command: where
//! the connection ends before its closing brace has come, nothing of it runs.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

use crate::ctl::cluster::Secret;

/// How a script becomes root.
#[derive(Debug, Clone)]
pub enum Root {
    /// It is.
    Already,
    /// By sudo, which asks nothing.
    Sudo,
    /// By sudo, which may ask for this.
    SudoPassword(Secret),
}

/// One script's conversation with its host.
#[derive(Debug)]
pub struct Talk<'a> {
    root: &'a Root,
    script: Arc<str>,
    mark: String,
    asked: usize,
    shell: bool,
    begun: bool,
    /// Whether some of what it printed was taken.
    taken: bool,
    out: Vec<u8>,
    err: Vec<u8>,
}

/// What to say next.
#[derive(Debug, PartialEq, Eq)]
pub enum Say<'a> {
    /// Nothing; listen on.
    Nothing,
    /// The password that sudo asks for.
    Password(&'a Secret),
    /// The script ([`Talk::script`]), then its input, then the end.
    Script,
    /// Nothing any more: the password was wrong, or the output has no end.
    Leave(Leave),
}

/// Why a conversation is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// sudo asked again.
    WrongPassword,
    /// More than [`OUTPUT_MAX`].
    TooMuch,
}

/// Bytes that a command may print: a hundred times what the longest answer has, and little for this machine.
pub const OUTPUT_MAX: usize = 4 << 20;
/// Bytes that a profile may print before it.
const NOISE_MAX: usize = 256 << 10;

impl<'a> Talk<'a> {
    /// A conversation that has not begun.
    pub fn new(root: &'a Root, script: &str) -> Self {
        // Not a secret: only nothing that a profile prints by itself.
        let random = || RandomState::new().build_hasher().finish();
        let mark = format!("hactl-{:016x}{:016x}", random(), random());
        let script = format!("{}\n}}", script.trim_end()).into();
        Self {
            root,
            script,
            mark,
            asked: 0,
            shell: false,
            begun: false,
            taken: false,
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    /// The line for the login shell.
    pub fn command(&self) -> String {
        let mark = &self.mark;
        let begin = format!("/bin/sh -c '{}'", self.beginning());
        match self.root {
            Root::Already => format!("exec {begin}"),
            Root::Sudo => format!("echo {mark}{SHELL}; exec sudo -n -- {begin}"),
            // -k: asks each time or never, so that what it does does not depend on what it did. (sudo makes %% one %:
            // a shell that echoes the line does not ask. Of %p it makes whose password it wants.)
            Root::SudoPassword(_) => {
                format!("echo {mark}{SHELL}; exec sudo -k -S -p {mark}-p%%w%p: -- {begin}")
            }
        }
    }

    /// What `/bin/sh` is given.
    fn beginning(&self) -> String {
        let (mark, length) = (&self.mark, self.script.len());
        format!("echo {mark}; echo {mark} >&2; s=$(head -c {length}) && eval \"{{ $s\"")
    }

    /// What sudo prints when it asks.
    fn prompt(&self) -> String {
        format!("{}-p%w", self.mark)
    }

    /// The script as it is sent.
    pub fn script(&self) -> Arc<str> {
        Arc::clone(&self.script)
    }

    /// Whether it was sent.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// Whether the login shell came as far as sudo.
    pub fn is_past_shell(&self) -> bool {
        self.shell
    }

    /// Whose password sudo asked for, where it asked and said so.
    pub fn asked_for(&self) -> Option<String> {
        let rest = self.err.get(after(&self.err, &self.prompt())?..)?;
        let name = rest.get(..rest.iter().position(|byte| *byte == b':')?)?;
        let name = String::from_utf8_lossy(name).into_owned();
        (name != "%p" && name.len() <= NAME_MAX).then_some(name)
    }

    /// The host printed something.
    pub fn heard(&mut self, out: &[u8], err: &[u8]) -> Say<'a> {
        self.out.extend_from_slice(out);
        self.err.extend_from_slice(err);
        if self.out.len() + self.err.len() > if self.begun { OUTPUT_MAX } else { NOISE_MAX } {
            return Say::Leave(Leave::TooMuch);
        }
        if self.begun {
            return Say::Nothing;
        }
        self.shell |= after(&self.out, &format!("{}{SHELL}\n", self.mark)).is_some();
        if after(&self.out, &format!("{}\n", self.mark)).is_some() {
            self.begun = true;
            return Say::Script;
        }
        let Root::SudoPassword(password) = self.root else { return Say::Nothing };
        let prompt = self.prompt();
        let asked = count(&self.err, prompt.as_bytes());
        match (asked > self.asked, self.asked) {
            (false, _) => Say::Nothing,
            (true, 0) => {
                self.asked = asked;
                Say::Password(password)
            }
            (true, _) => Say::Leave(Leave::WrongPassword),
        }
    }

    /// What the script has printed until now, for those who cannot wait for its end; what is taken is gone.
    pub fn take(&mut self) -> Vec<u8> {
        if !self.begun {
            return Vec::new();
        }
        let mut out = std::mem::take(&mut self.out);
        if !std::mem::replace(&mut self.taken, true) {
            let from = after(&out, &format!("{}\n", self.mark)).unwrap_or(0);
            out.drain(..from);
        }
        out
    }

    /// What the script printed, without what came before it; what everybody printed when it never began, without what
    /// is the conversation's own.
    pub fn end(mut self) -> (Vec<u8>, Vec<u8>) {
        let prompt = self.prompt();
        let mark = format!("{}\n", self.mark);
        // sudo quotes the whole command that it refuses.
        let own = [format!("{}{SHELL}\n", self.mark), format!(" -c {}", self.beginning())];
        for bytes in [&mut self.out, &mut self.err] {
            if let Some(from) = after(bytes, &mark) {
                bytes.drain(..from);
            }
            while let Some(from) = after(bytes, &prompt) {
                let name = bytes.iter().skip(from).take(NAME_MAX).position(|byte| *byte == b':').map_or(0, |at| at + 1);
                bytes.drain(from.saturating_sub(prompt.len())..from + name);
            }
            for own in &own {
                while let Some(from) = after(bytes, own) {
                    bytes.drain(from.saturating_sub(own.len())..from);
                }
            }
        }
        (self.out, self.err)
    }
}

/// What the login shell's mark has behind it.
const SHELL: &str = "-shell";
/// Bytes that the name of a user may have.
const NAME_MAX: usize = 256;

/// Where the text behind the first of these words begins.
fn after(bytes: &[u8], word: &str) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word.as_bytes()).map(|at| at + word.len())
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| *window == word).count()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    /// Plays a host: this shell is given the line as sshd gives it, and what it prints is answered.
    fn converse(shell: &str, script: &str, stdin: &[u8]) -> (i32, String, String) {
        converse_until(shell, script, stdin, usize::MAX)
    }

    /// The same, over a connection that ends after so many bytes of script and input.
    fn converse_until(shell: &str, script: &str, stdin: &[u8], end: usize) -> (i32, String, String) {
        let root = Root::Already;
        let mut talk = Talk::new(&root, script);
        let sent = [talk.script().as_bytes(), stdin].concat();
        let mut child = Command::new(shell)
            .args(["-c", &talk.command()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut input, mut out) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut buffer = [0; 4096];
        loop {
            let length = out.read(&mut buffer).unwrap();
            if length == 0 {
                break;
            }
            if talk.heard(&buffer[..length], b"") == Say::Script {
                let mut input = input.take().unwrap();
                input.write_all(&sent[..sent.len().min(end)]).unwrap();
            }
        }
        drop(input);
        let mut err = Vec::new();
        child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        talk.heard(b"", &err);
        let (out, err) = talk.end();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (child.wait().unwrap().code().unwrap(), text(out), text(err))
    }

    /// What breaks on the way to a shell: quotes of all kinds, `!`, several lines, more than one argument may have.
    #[test]
    fn a_script_arrives_as_written_in_any_shell() {
        let long = "x".repeat(200_000);
        let script = format!(
            "v='it'\"'\"'s !! $HOME `id` \\'\nprintf '%s|' \"$v\"; v={long}\nprintf '%s|' ${{#v}}; cat; echo oops >&2; exit 37\n"
        );
        for shell in ["sh", "bash", "tcsh", "fish", "zsh"] {
            if which::which(shell).is_err() {
                eprintln!("no {shell} here");
                continue;
            }
            let (code, out, err) = converse(shell, &script, b"two\nlines");
            assert_eq!((code, out.as_str()), (37, "it's !! $HOME `id` \\|200000|two\nlines"), "{shell}");
            assert_eq!(err, "oops\n", "{shell}");
        }
    }

    /// Half of `rm -rf /srv/shop/cache` is another order.
    #[test]
    fn half_a_script_does_nothing() {
        let script = "echo one\necho two three";
        for shell in ["sh", "bash"] {
            for end in 0..script.len() + 2 {
                let (code, out, _) = converse_until(shell, script, b"", end);
                assert!(code != 0 && out.is_empty(), "{shell}, {end} bytes: {code} {out}");
            }
            assert_eq!(converse_until(shell, script, b"", script.len() + 2).1, "one\ntwo three\n");
        }
    }

    #[test]
    fn what_a_profile_prints_is_not_the_script_s() {
        let root = Root::Already;
        let mut talk = Talk::new(&root, "x");
        let mark = talk.mark.clone();
        assert_eq!(talk.heard(b"\x1b]0;lb-5\x07Welcome", b"warning"), Say::Nothing);
        assert_eq!(talk.heard(format!("{mark}\n").as_bytes(), b""), Say::Script);
        assert_eq!(talk.heard(b"@@addr\n", format!("{mark}\nreal\n").as_bytes()), Say::Nothing);
        assert_eq!(talk.end(), (b"@@addr\n".to_vec(), b"real\n".to_vec()));
    }

    #[test]
    fn sudo_gets_its_password_once_and_only_when_it_asks() {
        let root = Root::SudoPassword(Secret("hunter2".into()));
        let mut talk = Talk::new(&root, "x");
        let ask = talk.prompt();
        assert_eq!(talk.heard(b"", b"We trust you have received the usual lecture"), Say::Nothing);
        assert_eq!(talk.heard(b"", ask.as_bytes()), Say::Password(&Secret("hunter2".into())));
        assert_eq!(talk.asked_for(), None, "not yet said");
        assert_eq!(talk.heard(b"", b"root:Sorry, try again.\n"), Say::Nothing);
        assert_eq!(talk.asked_for().as_deref(), Some("root"));
        assert_eq!(talk.heard(b"", format!("{ask}root:").as_bytes()), Say::Leave(Leave::WrongPassword));
        let (_, err) = talk.end();
        assert_eq!(String::from_utf8(err).unwrap(), "We trust you have received the usual lectureSorry, try again.\n");
        let mut talk = Talk::new(&root, "x");
        let mark = format!("{}\n", talk.mark);
        assert_eq!(talk.heard(mark.as_bytes(), b""), Say::Script, "NOPASSWD");
    }

    #[test]
    fn who_did_not_go_on_is_seen() {
        let root = Root::Sudo;
        let mut talk = Talk::new(&root, "x");
        assert_eq!(talk.heard(b"Welcome\n", b""), Say::Nothing);
        assert!(!talk.is_past_shell());
        assert_eq!(talk.heard(format!("{}-shell\n", talk.mark).as_bytes(), b""), Say::Nothing);
        assert!(talk.is_past_shell() && !talk.begun());
        let refused = format!("Sorry, user ops is not allowed to execute '/bin/sh -c {}' as root.", talk.beginning());
        assert_eq!(talk.heard(b"", refused.as_bytes()), Say::Nothing);
        let shown = b"Sorry, user ops is not allowed to execute '/bin/sh' as root.".to_vec();
        assert_eq!(talk.end(), (b"Welcome\n".to_vec(), shown));
    }

    /// What is handed on as it comes is what the script printed, and no limit of output counts for it.
    #[test]
    fn output_is_taken_as_it_comes() {
        let root = Root::Already;
        let mut talk = Talk::new(&root, "x");
        assert_eq!(talk.heard(b"Welcome\n", b""), Say::Nothing);
        assert_eq!(talk.take(), b"", "a profile's words are no output");
        let mark = [format!("{}\n", talk.mark).as_bytes(), b"\x00\n\xff"].concat();
        assert_eq!(talk.heard(&mark[..5], b""), Say::Nothing);
        assert_eq!((talk.take(), talk.heard(&mark[5..], b"")), (Vec::new(), Say::Script));
        assert_eq!(talk.take(), b"\x00\n\xff");
        for _ in 0..9 {
            assert_eq!(talk.heard(&vec![b'A'; 1 << 20], b"late"), Say::Nothing);
            assert_eq!(talk.take().len(), 1 << 20);
        }
        assert_eq!(talk.end(), (Vec::new(), b"late".repeat(9)));
    }

    #[test]
    fn output_has_an_end() {
        let root = Root::Sudo;
        let mut talk = Talk::new(&root, "x");
        assert_eq!(talk.heard(&vec![b'A'; (256 << 10) + 1], b""), Say::Leave(Leave::TooMuch), "a profile");
        let mut talk = Talk::new(&root, "x");
        let mark = format!("{}\n", talk.mark);
        assert_eq!(talk.heard(mark.as_bytes(), b""), Say::Script);
        let block = vec![b'A'; (4 << 20) / 4 - 10];
        for _ in 0..4 {
            assert_eq!(talk.heard(&block, b""), Say::Nothing);
        }
        assert_eq!(talk.heard(b"A", &[b'A'; 40]), Say::Leave(Leave::TooMuch));
    }
}
