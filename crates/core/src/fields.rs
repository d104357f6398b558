//! Reading maps of known fields (rule files, the configuration), with errors that point at what is wrong.

use hardtack_tree::{Kind, Lines, Node, Position, Span};
use std::fmt;
use std::str::FromStr;

/// What is wrong with a value, and which bytes of its file it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Bytes of the file.
    pub span: Span,
    /// What was found, and what was expected.
    pub message: String,
}

/// What is wrong with a file that someone wrote for hardtack, and where: a rule, the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file.
    pub path: String,
    /// Where in the file.
    pub at: Position,
    /// The line of the file.
    pub line: String,
    /// What was found, what was expected and what to do.
    pub message: String,
}

impl FileError {
    /// The error at byte `at` of `text`, the text of the file `path`.
    pub fn new(path: &str, text: &str, at: u32, message: String) -> Self {
        let lines = Lines::new(text);
        let at = lines.position(at);
        Self {
            path: path.to_owned(),
            at,
            line: lines.line(at.line).to_owned(),
            message,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.at;
        writeln!(out, "{}:{line}:{column}: {}", self.path, self.message)?;
        writeln!(out, "{line:>5} | {}", self.line)?;
        write!(out, "      | {:>width$}", "^", width = column as usize)
    }
}

impl std::error::Error for FileError {}

/// The result of reading a value.
pub type Read<T> = Result<T, FieldError>;

/// An error that points at `node`.
pub fn fail<T>(node: Node<'_>, message: impl Into<String>) -> Read<T> {
    Err(FieldError {
        span: node.span(),
        message: message.into(),
    })
}

/// Names of fields, each with what it is for.
pub type FieldTable = &'static [(&'static str, &'static str)];

/// A map whose keys are known.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The map.
    pub root: Node<'a>,
    known: FieldTable,
}

impl<'a> Fields<'a> {
    /// Takes `root` as a map that may have the fields in `known` and no others. `noun` names it in errors: `a rule`.
    pub fn of(root: Node<'a>, noun: &str, known: FieldTable) -> Read<Self> {
        if root.kind() != Kind::Map {
            return fail(root, format!("{noun} is a map, found {}", root.kind().noun()));
        }
        for (key, _) in root.entries() {
            let name = key.scalar();
            if !known.iter().any(|(field, _)| *field == name) {
                let near = known
                    .iter()
                    .map(|(field, _)| *field)
                    .min_by_key(|field| distance(field, &name));
                let hint = match near.filter(|near| distance(near, &name) <= 3) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let names: Vec<_> = known.iter().map(|(field, _)| *field).collect();
                        format!("the fields are {}", names.join(", "))
                    }
                };
                return fail(key, format!("`{name}` is no field of {noun}; {hint}"));
            }
        }
        Ok(Self { root, known })
    }

    /// The value of a field that is there and not `null`.
    pub fn get(&self, name: &str) -> Option<Node<'a>> {
        self.root.get(name).filter(|node| !node.is_null())
    }

    /// The error that a field is missing.
    pub fn missing(&self, name: &str) -> FieldError {
        let about = self.known.iter().find(|(field, _)| *field == name);
        FieldError {
            span: self.root.span(),
            message: format!("`{name}` is missing: {}", about.map_or("", |(_, about)| about)),
        }
    }

    /// A string that must be there.
    pub fn required(&self, name: &str) -> Read<Node<'a>> {
        let node = self.get(name).ok_or_else(|| self.missing(name))?;
        match node.as_str() {
            Some(_) => Ok(node),
            None => fail(
                node,
                format!("`{name}` must be a string, found {}", node.kind().noun()),
            ),
        }
    }

    /// A string, without white space at its end.
    pub fn text(&self, name: &str) -> Read<Option<Box<str>>> {
        match self.get(name) {
            None => Ok(None),
            Some(_) => Ok(Some(self.required(name)?.raw().trim_end().into())),
        }
    }

    /// A boolean.
    pub fn flag(&self, name: &str) -> Read<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(node) => match node.as_bool() {
                Some(value) => Ok(Some(value)),
                None => fail(node, format!("`{name}` takes `true` or `false`")),
            },
        }
    }

    /// A scalar that can be parsed.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Read<Option<T>>
    where
        T::Err: fmt::Display,
    {
        match self.get(name) {
            None => Ok(None),
            Some(node) => match node.scalar().parse() {
                Ok(value) => Ok(Some(value)),
                Err(message) => fail(node, message.to_string()),
            },
        }
    }

    /// A list of scalars; nothing where the field is missing.
    pub fn strings(&self, name: &str) -> Read<Vec<Box<str>>> {
        let Some(node) = self.get(name) else {
            return Ok(Vec::new());
        };
        if node.kind() != Kind::Seq {
            return fail(
                node,
                format!("`{name}` takes a list, found {}", node.kind().noun()),
            );
        }
        Ok(node.items().map(|item| item.scalar().as_ref().into()).collect())
    }
}

/// How many letters must change to make one word of the other (Levenshtein).
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        for (j, y) in b.iter().enumerate() {
            let keep = corner + usize::from(x != *y);
            corner = row.get(j + 1).copied().unwrap_or_default();
            let left = row.get(j).copied().unwrap_or_default();
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = keep.min(corner + 1).min(left + 1);
            }
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
