//! The logical lines of a requirements file, each byte with its position in the file.
//!
//! Comments and continuations follow pip's rules (`preprocess` of pip's `req_file.py`): a backslash at the end joins, a comment
//! begins at ` #` or at the start, a comment line ends a join.

use super::model::Environment;

/// A piece of a file whose bytes remember where they stood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// For each byte of `text` its offset in the file; one more for the end.
    offsets: Vec<usize>,
}

/// A comment that ends with a backslash: pip takes the next line for a part of the comment. The offset is the `#`'s.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SwallowingComment(pub(super) usize);

/// A `${NAME}` without a value. The offset is the `$`'s.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unset {
    pub(super) name: String,
    pub(super) offset: usize,
}

impl Line {
    /// A text that begins at an offset of a file; not `verbatim`: all of it has that one offset.
    pub(super) fn of(text: &str, offset: usize, verbatim: bool) -> Self {
        let offsets = (0..=text.len()).map(|index| offset + if verbatim { index } else { 0 }).collect();
        Self { text: text.to_owned(), offsets }
    }

    /// Offset in the file of a byte of the text.
    pub(super) fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).or(self.offsets.last()).copied().unwrap_or(0)
    }

    /// A part of the line; the range must lie on characters' boundaries.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        Self { text: self.text[from..to].to_owned(), offsets: self.offsets[from..=to].to_vec() }
    }

    pub(super) fn trimmed(&self) -> Self {
        let from = self.text.len() - self.text.trim_start().len();
        self.part(from, from.max(self.text.trim_end().len()))
    }

    /// Both texts; the end of the first stands where the second begins.
    pub(super) fn then(mut self, other: &Self) -> Self {
        self.offsets.pop();
        self.text.push_str(&other.text);
        self.offsets.extend(&other.offsets);
        self
    }

    /// With every `${NAME}` (capitals, digits, `_`) replaced by its value, as pip does it; what is put in has the place
    /// of the `$`. The second part says whether there was any.
    pub(super) fn expanded(&self, environment: Environment<'_>) -> Result<(Self, bool), Unset> {
        let mut out = Self { text: String::new(), offsets: vec![self.offset(0)] };
        let mut rest = 0;
        while let Some((from, to)) = self.variable(rest) {
            let name = &self.text[from + 2..to - 1];
            let offset = self.offset(from);
            let value = environment(name).ok_or_else(|| Unset { name: name.to_owned(), offset })?;
            out = out.then(&self.part(rest, from)).then(&Self::of(&value, offset, false));
            rest = to;
        }
        Ok((out.then(&self.part(rest, self.text.len())), rest > 0))
    }

    /// The next `${NAME}` at or behind `from`, as a range.
    fn variable(&self, mut from: usize) -> Option<(usize, usize)> {
        loop {
            let start = from + self.text.get(from..)?.find("${")?;
            let length = self.text[start..].find('}')? + 1;
            let name = &self.text[start + 2..start + length - 1];
            let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            if !name.is_empty() && name.bytes().all(is_name) {
                return Some((start, start + length));
            }
            from = start + 2;
        }
    }

    /// Words between blanks; quotes keep blanks together and fall away, as in a shell.
    pub(super) fn words(&self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut word: Option<Self> = None;
        let mut quote = None;
        for (index, character) in self.text.char_indices() {
            let end = index + character.len_utf8();
            match quote {
                Some(open) if open == character => quote = None,
                None if matches!(character, '"' | '\'') => {
                    quote = Some(character);
                    word.get_or_insert_with(|| self.part(end, end));
                }
                None if character.is_whitespace() => words.extend(word.take()),
                _ => {
                    let piece = self.part(index, end);
                    word = Some(match word.take() {
                        Some(word) => word.then(&piece),
                        None => piece,
                    });
                }
            }
        }
        words.extend(word);
        words
    }
}

/// The logical lines of a text, trimmed, without the empty ones.
pub(super) fn logical_lines(text: &str) -> Result<Vec<Line>, SwallowingComment> {
    let mut lines = Vec::new();
    let mut joined = Line::default();
    let mut start = 0;
    for physical in text.split_inclusive('\n') {
        let content = physical.trim_end_matches(['\n', '\r']);
        let comment = comment_in(content);
        let continued = content.strip_suffix('\\').filter(|_| comment.is_none_or(|comment| comment > 0));
        match (continued, comment) {
            (Some(_), Some(comment)) => {
                let blanks = content[comment..].len() - content[comment..].trim_start().len();
                return Err(SwallowingComment(start + comment + blanks));
            }
            (Some(kept), None) => joined = joined.then(&Line::of(kept, start, true)),
            (None, comment) => {
                let kept = &content[..comment.unwrap_or(content.len())];
                lines.push(std::mem::take(&mut joined).then(&Line::of(kept, start, true)).trimmed());
            }
        }
        start += physical.len();
    }
    if !joined.text.is_empty() {
        lines.push(joined.trimmed());
    }
    lines.retain(|line| !line.text.is_empty());
    Ok(lines)
}

/// Where a comment begins, the blanks before it included: 0 for a line that is nothing else.
fn comment_in(content: &str) -> Option<usize> {
    let hash = content.char_indices().find(|(index, character)| {
        *character == '#' && content[..*index].chars().next_back().is_none_or(char::is_whitespace)
    })?;
    Some(content[..hash.0].trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<(String, usize)> {
        logical_lines(text).unwrap().into_iter().map(|line| (line.text.clone(), line.offset(0))).collect()
    }

    #[test]
    fn joins_and_strips_as_pip_does() {
        let cases: [(&str, &[(&str, usize)]); 9] = [
            ("", &[]),
            ("\n  \n# only\n", &[]),
            ("a\r\nb", &[("a", 0), ("b", 3)]),
            ("  a # x\nb#c", &[("a", 2), ("b#c", 8)]),
            ("a \\\n  --hash=x \\\r\n  --hash=y\n", &[("a   --hash=x   --hash=y", 0)]),
            ("a \\\n# ends it\nb", &[("a", 0), ("b", 14)]),
            ("# c \\\nb", &[("b", 6)]),
            ("a\\", &[("a", 0)]),
            ("\\\n\\\n  a", &[("a", 6)]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(text, offset)| ((*text).to_owned(), *offset)).collect();
            assert_eq!(texts(text), expected, "{text:?}");
        }
        assert_eq!(logical_lines("ok\na  # c \\\nb"), Err(SwallowingComment(6)));
    }

    #[test]
    fn a_joined_line_knows_its_places() {
        let line = logical_lines("a \\\n  --hash").unwrap().remove(0);
        let hash = line.text.find("--hash").unwrap();
        assert_eq!(line.offset(hash), 6);
        let words: Vec<_> = line.words().iter().map(|word| (word.text.clone(), word.offset(0))).collect();
        assert_eq!(words, [("a".to_owned(), 0), ("--hash".to_owned(), 6)]);
    }

    #[test]
    fn quotes_keep_words_together() {
        let words = |text: &str| Line::of(text, 0, true).words().into_iter().map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(words("-r 'a b.txt' --x=\"y z\""), ["-r", "a b.txt", "--x=y z"]);
        assert_eq!(words("a '' b"), ["a", "", "b"]);
        assert_eq!(words("a'b c"), ["ab c"]);
    }

    #[test]
    fn variables_are_put_in_and_keep_the_place() {
        let environment = |name: &str| (name == "TOKEN").then(|| "secret".to_owned());
        let line = Line::of("u ${TOKEN}@h ${lower} $X", 10, true);
        let (expanded, any) = line.expanded(&environment).unwrap();
        assert!(any);
        assert_eq!(expanded.text, "u secret@h ${lower} $X");
        assert_eq!((expanded.offset(2), expanded.offset(7), expanded.offset(8)), (12, 12, 20));
        let unset = Line::of("a ${NONE}", 0, true).expanded(&environment).unwrap_err();
        assert_eq!(unset, Unset { name: "NONE".to_owned(), offset: 2 });
        assert_eq!(Line::of("", 3, true).expanded(&environment).unwrap().0.offset(0), 3);
    }

    proptest! {
        #[test]
        fn every_byte_stands_where_it_says(text in "[ab#\\\\ \t\r\n'$ä]{0,60}") {
            if let Ok(lines) = logical_lines(&text) {
                for line in lines {
                    for (index, byte) in line.text.bytes().enumerate() {
                        prop_assert_eq!(text.as_bytes()[line.offset(index)], byte);
                    }
                    line.words();
                }
            }
        }
    }
}
