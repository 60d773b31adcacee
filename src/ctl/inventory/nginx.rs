//! `nginx:`, its main settings: each key is nginx's own directive.

use super::document::Node;
use super::fields::Reader;
use super::nginx_words::{directive_value, is_number, is_size, is_time, lines, shaped};
use crate::ctl::sites::Nginx;

/// Where a directive stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Main,
    Events,
    Http,
}

/// What its value looks like, with an example.
#[derive(Clone, Copy)]
enum Shape {
    Number,
    NumberOrAuto,
    Size,
    /// A number and a size, such as `4 32k`.
    Sizes,
    Time,
    Flag,
    /// One word or several of letters, digits and `.-/_*+`.
    Words(&'static str),
    /// Any text; it is quoted.
    Text,
}

use Context::{Events, Http, Main};
use Shape::{Flag, Number, NumberOrAuto, Size, Sizes, Text, Time, Words};

/// Every key.
const SETTINGS: [(&str, Context, Shape); 41] = [
    ("user", Main, Words("www-data")),
    ("worker_processes", Main, NumberOrAuto),
    ("worker_cpu_affinity", Main, Words("auto")),
    ("worker_rlimit_nofile", Main, Number),
    ("worker_shutdown_timeout", Main, Time),
    ("worker_connections", Events, Number),
    ("multi_accept", Events, Flag),
    ("use", Events, Words("epoll")),
    ("charset", Http, Words("utf-8")),
    ("default_type", Http, Words("application/octet-stream")),
    ("server_tokens", Http, Flag),
    ("server_names_hash_bucket_size", Http, Number),
    ("sendfile", Http, Flag),
    ("tcp_nopush", Http, Flag),
    ("tcp_nodelay", Http, Flag),
    ("keepalive_timeout", Http, Time),
    ("keepalive_requests", Http, Number),
    ("client_header_buffer_size", Http, Size),
    ("large_client_header_buffers", Http, Sizes),
    ("client_max_body_size", Http, Size),
    ("client_body_buffer_size", Http, Size),
    ("client_header_timeout", Http, Time),
    ("client_body_timeout", Http, Time),
    ("send_timeout", Http, Time),
    ("reset_timedout_connection", Http, Flag),
    ("proxy_buffer_size", Http, Size),
    ("proxy_buffers", Http, Sizes),
    ("proxy_busy_buffers_size", Http, Size),
    ("proxy_temp_file_write_size", Http, Size),
    ("proxy_max_temp_file_size", Http, Size),
    ("gzip", Http, Flag),
    ("gzip_min_length", Http, Size),
    ("gzip_buffers", Http, Sizes),
    ("gzip_http_version", Http, Words("1.1")),
    ("gzip_comp_level", Http, Number),
    ("gzip_types", Http, Words("text/plain text/css application/xml")),
    ("gzip_vary", Http, Flag),
    ("gzip_proxied", Http, Words("any")),
    ("resolver", Http, Words("127.0.0.53")),
    ("log_format", Http, Text),
    ("error_log", Http, Words("error")),
];

/// Reads it.
pub fn nginx(reader: &Reader<'_>, node: &Node) -> Nginx {
    let fields = reader.fields(node, "nginx");
    let mut nginx = Nginx::default();
    for (name, context, shape) in SETTINGS {
        let Some(value) = fields.get(name).and_then(|node| value(reader, node, name, shape)) else { continue };
        match context {
            Main => nginx.main.push((name, value)),
            Events => nginx.events.push((name, value)),
            Http => nginx.http.push((name, value)),
        }
    }
    nginx.lines = fields.get("lines").and_then(|node| lines(reader, node)).unwrap_or_default();
    nginx.main_lines = fields.get("main_lines").and_then(|node| lines(reader, node)).unwrap_or_default();
    fields.finish();
    nginx
}

fn value(reader: &Reader<'_>, node: &Node, name: &str, shape: Shape) -> Option<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || ".-/_*+:".contains(c);
    match shape {
        Number => shaped(reader, node, name, is_number, "1024"),
        NumberOrAuto => shaped(reader, node, name, |text| text == "auto" || is_number(text), "auto"),
        Size => shaped(reader, node, name, is_size, "32k"),
        Sizes => {
            let fits = |text: &str| text.split_once(' ').is_some_and(|(count, size)| is_number(count) && is_size(size));
            shaped(reader, node, name, fits, "4 32k")
        }
        Time => shaped(reader, node, name, is_time, "60s"),
        Flag => reader.boolean(node, name).map(|on| if on { "on" } else { "off" }.to_owned()),
        Words(example) => {
            let fits =
                |text: &str| !text.is_empty() && text.split(' ').all(|part| !part.is_empty() && part.chars().all(word));
            shaped(reader, node, name, fits, example)
        }
        Text => {
            let text = reader.text(node, name)?;
            directive_value(reader, node, name, text)
        }
    }
}
