//! nginx's configuration as `nginx -T` prints it: directives with their blocks, each with the file and line where it
//! stands. Only the grammar is read here; what a directive means is asked in `upstream`.

/// `name argument… ;` or `name argument… { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its first word.
    pub name: String,
    /// The others, without quotes.
    pub arguments: Vec<String>,
    /// `FILE:LINE` of its first word.
    pub place: String,
    /// What stands in its braces.
    pub block: Option<Vec<Directive>>,
}

impl Directive {
    /// The directives in it, none where it has no block.
    pub fn inside(&self) -> &[Self] {
        self.block.as_deref().unwrap_or_default()
    }

    /// The first argument.
    pub fn first(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }
}

/// How deep blocks may nest; nginx's own need six.
const DEPTH_MAX: usize = 32;

/// All directives that stand at the top of the files. What does not end where it should is taken as it came.
pub fn read(dump: &str) -> Vec<Directive> {
    let mut found = Vec::new();
    let mut file = "nginx.conf".to_owned();
    let mut text = String::new();
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix("# configuration file ").and_then(|rest| rest.strip_suffix(':')) {
            found.extend(directives(&file, &text));
            file = name.to_owned();
            text.clear();
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    found.extend(directives(&file, &text));
    found
}

/// What one file holds.
fn directives(file: &str, text: &str) -> Vec<Directive> {
    let mut stack: Vec<Vec<Directive>> = vec![Vec::new()];
    let mut heads: Vec<Directive> = Vec::new();
    let mut words: Vec<(String, usize)> = Vec::new();
    let directive = |words: &mut Vec<(String, usize)>| {
        let mut words = std::mem::take(words).into_iter();
        let (name, line) = words.next()?;
        let arguments = words.map(|(word, _)| word).collect();
        Some(Directive { name, arguments, place: format!("{file}:{line}"), block: None })
    };
    for token in tokens(text) {
        match token {
            Token::Word(word, line) => words.push((word, line)),
            Token::End => {
                if let (Some(one), Some(top)) = (directive(&mut words), stack.last_mut()) {
                    top.push(one);
                }
            }
            Token::Open => {
                if let Some(head) = directive(&mut words).filter(|_| heads.len() < DEPTH_MAX) {
                    heads.push(head);
                    stack.push(Vec::new());
                }
            }
            Token::Close => {
                words.clear();
                close(&mut stack, &mut heads);
            }
        }
    }
    while !heads.is_empty() {
        close(&mut stack, &mut heads);
    }
    stack.pop().unwrap_or_default()
}

fn close(stack: &mut Vec<Vec<Directive>>, heads: &mut Vec<Directive>) {
    let Some(head) = heads.pop() else { return };
    let block = stack.pop();
    if let Some(outer) = stack.last_mut() {
        outer.push(Directive { block, ..head });
    }
}

enum Token {
    Word(String, usize),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    let mut line = 1;
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            blank if blank.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '{' => tokens.push(Token::Open),
            '}' => tokens.push(Token::Close),
            ';' => tokens.push(Token::End),
            quote @ ('"' | '\'') => {
                let (mut word, from) = (String::new(), line);
                while let Some(c) = chars.next() {
                    match c {
                        c if c == quote => break,
                        '\\' => word.extend(chars.next_if(|c| *c == quote || *c == '\\').or(Some('\\'))),
                        c => word.push(c),
                    }
                    line += usize::from(c == '\n');
                }
                tokens.push(Token::Word(word, from));
            }
            c => {
                let mut word = String::from(c);
                loop {
                    let in_variable = word.ends_with('$');
                    let Some(c) = chars.next_if(|c| match *c {
                        '{' if in_variable => true,
                        '}' => {
                            word.rfind("${").is_some_and(|at| !word.get(at..).is_some_and(|rest| rest.contains('}')))
                        }
                        ';' | '{' => false,
                        c => !c.is_whitespace(),
                    }) else {
                        break;
                    };
                    word.push(c);
                    if c == '\\' {
                        word.extend(chars.next_if(|c| !c.is_whitespace()));
                    }
                }
                tokens.push(Token::Word(word, line));
            }
        }
    }
    tokens
}

/// Every directive of a name, however deep, with those that it stands in aside.
pub fn all<'d>(directives: &'d [Directive], name: &str) -> Vec<&'d Directive> {
    let mut found = Vec::new();
    for one in directives {
        if one.name == name {
            found.push(one);
        }
        found.extend(all(one.inside(), name));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "# configuration file /etc/nginx/nginx.conf:\nuser www-data;\nhttp {\n    include /etc/nginx/conf.d/*.conf; # more\n}\n\n\
        # configuration file /etc/nginx/conf.d/a.conf:\nserver {\n  listen 80;\n  set $x \"a;b { 'c\";\n  rewrite ^/(.*)$ /${x}y;\n  location ~ \\.php$ { return 404; }\n}\n";

    #[test]
    fn directives_have_their_places() {
        let found = read(DUMP);
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["user", "http", "server"]);
        let server = &found[2];
        assert_eq!(server.place, "/etc/nginx/conf.d/a.conf:1");
        assert_eq!(server.inside()[1].arguments, ["$x", "a;b { 'c"]);
        assert_eq!(server.inside()[2].arguments, ["^/(.*)$", "/${x}y"]);
        assert_eq!(
            (server.inside()[3].arguments.as_slice(), server.inside()[3].inside().len()),
            (["~".to_owned(), "\\.php$".to_owned()].as_slice(), 1)
        );
        assert_eq!(all(&found, "return")[0].place, "/etc/nginx/conf.d/a.conf:5");
    }

    #[test]
    fn nonsense_ends() {
        for text in ["", "}", "{", "a {", "\"", "a { b { c", "} } x;", "\\", "${", "$", "# configuration file x:"] {
            read(text);
        }
        let deep = "a {".repeat(500);
        assert_eq!(read(&deep).len(), 1);
    }
}
