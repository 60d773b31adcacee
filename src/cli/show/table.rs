//! Rows as columns.

use console::measure_text_width;

/// Columns as wide as their widest cell; colour codes do not count.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |n: usize| {
        rows.iter().filter_map(|row| row.get(n)).map(|cell| measure_text_width(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter().fold(String::new(), |text, row| {
        let line = row
            .iter()
            .zip(&widths)
            .fold(String::new(), |line, (cell, width)| line + cell + &" ".repeat(width - measure_text_width(cell) + 2));
        text + line.trim_end() + "\n"
    })
}

#[cfg(test)]
mod tests {
    use console::style;

    use super::*;

    #[test]
    fn columns_line_up_despite_colour() {
        let rows = [
            vec!["a".to_owned(), "b".to_owned()],
            vec![style("long").red().force_styling(true).to_string(), "c".to_owned()],
        ];
        let text = console::strip_ansi_codes(&table(&rows)).into_owned();
        assert_eq!(text, "a     b\nlong  c\n");
    }
}
