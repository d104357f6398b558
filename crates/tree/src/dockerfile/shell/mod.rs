//! The commands that a shell would run: what rules for Dockerfiles look at most.
//!
//! Nothing is run and nothing is expanded: a variable stays as it is written. Nothing is refused either: a text that
//! a shell would not take gives the commands that can be made out in it.

mod command;
mod options;
mod parser;
mod plain;
mod redirect;
mod word;

pub(super) use command::{Arguments, Command};

use super::mapped::Mapped;
use super::value::Value;
use crate::Span;

/// How deep texts inside of texts are read: `$(...)`, `sh -c "..."`, heredocs given to a shell.
const DEEPEST: usize = 12;

/// Programs that may stand in `SHELL` and read another language.
const LANGUAGES: [&str; 11] = [
    "awk", "gawk", "julia", "lua", "node", "nu", "perl", "php", "python", "python3", "ruby",
];

/// What reads the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `sh`, `bash` and their like.
    #[default]
    Posix,
    /// Windows' `cmd`.
    Cmd,
    /// PowerShell.
    PowerShell,
    /// Another language: no commands are read.
    Other,
}

impl Dialect {
    /// The shell that a `SHELL` instruction names.
    pub(super) fn of(words: &[Value]) -> Self {
        let named = |name: &str| {
            let is = |word: &Value| command::is_program(&word.text.to_ascii_lowercase(), name);
            words.iter().any(is)
        };
        match () {
            () if named("powershell") || named("pwsh") => Dialect::PowerShell,
            () if named("cmd") => Dialect::Cmd,
            () if command::SHELLS.iter().any(|shell| named(shell)) => Dialect::Posix,
            () if LANGUAGES.iter().any(|language| named(language)) => Dialect::Other,
            () => Dialect::Posix,
        }
    }
}

/// The commands of one instruction, in the order in which a shell comes to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// Commands joined by `|`, by number.
    pub(super) pipelines: Vec<Vec<u32>>,
    /// How many texts were read so far.
    contexts: u32,
}

impl Script {
    /// Reads the bytes `start..end` of `text`.
    pub(super) fn read(text: &Mapped<'_>, start: usize, end: usize, dialect: Dialect) -> Self {
        let mut script = Self::default();
        match dialect {
            Dialect::Posix => script.posix(text, start, end),
            Dialect::Other => {}
            Dialect::Cmd | Dialect::PowerShell => plain::read(text, start, end, dialect, &mut script),
        }
        script
    }

    /// Adds the commands of another text.
    pub(super) fn posix(&mut self, text: &Mapped<'_>, start: usize, end: usize) {
        parser::read(text, start, end, self);
    }

    /// The one command that an exec form runs, and those of the text it gives to a shell.
    pub(super) fn of_words(words: Vec<(Mapped<'static>, Span)>) -> Self {
        let mut script = Self::default();
        parser::read_words(words, &mut script);
        script
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn script(text: &str) -> Script {
        Script::read(&Mapped::of(text, 0), 0, text.len(), Dialect::Posix)
    }

    fn names(text: &str) -> String {
        let names: Vec<_> = script(text)
            .commands
            .iter()
            .map(|command| command.name.clone())
            .collect();
        names.join(" ")
    }

    fn told(text: &str) -> Vec<String> {
        let told = |command: &Command| {
            let words: Vec<_> = command.words.iter().map(|word| &*word.text).collect();
            format!("{} {:?}", command.name, words)
        };
        script(text).commands.iter().map(told).collect()
    }

    #[test]
    fn words_lose_their_quotes_and_keep_their_variables() {
        assert_eq!(
            told(r#"apt-get install -y "foo=$VERSION" 'a b'c \$d "e\"f\n""#),
            [r#"apt-get ["install", "-y", "foo=$VERSION", "a bc", "$d", "e\"f\\n"]"#]
        );
        assert_eq!(
            told("echo ${A:-$(date +%s; true)}x $'a\\tb' \"`id -u`\""),
            [
                r#"date ["+%s"]"#,
                "true []",
                r#"id ["-u"]"#,
                r#"echo ["${A:-$(date +%s; true)}x", "a\tb", "`id -u`"]"#
            ]
        );
    }

    #[test]
    fn compound_commands_are_looked_into() {
        for (text, found) in [
            (
                "set -eux; if ! command -v curl; then apk add curl; elif a; then b; else c; fi && d",
                "set command apk a b c d",
            ),
            (
                "for x in $(ls) b; do echo $x; done | sort; while read l; do f; done < file",
                "ls echo sort read f",
            ),
            (
                "case $(uname -m) in (x86_64|amd64) a;; arm*) b ;; *) c; esac; d",
                "uname a b c d",
            ),
            ("(cd /x && make) || { echo no; exit 1; }", "cd make echo exit"),
            ("f() { curl x; }; function g { wget y; }; f", "curl wget f"),
            ("[[ $a == b && -f c ]] && x; [ -f y ] && ((i++)); z", "[[ x [ z"),
            ("echo $((1 + (2 * 3))) $(( (a) )); x=$((1)) y", "echo y"),
            ("echo a # b; c\nd", "echo d"),
            ("until a; do b & done; time c; ! d", "a b c d"),
            ("a=(1 2 $(b)) c; for ((i=0;i<3;i++)); do d; done", "b c d"),
            ("diff <(sort a) >(cat) <<< $(e)", "sort cat e diff"),
            ("a=$(b) c=d", "b"),
            ("if a; then\n  b \\\n  c\nfi\n\ne", "a b e"),
            ("echo fi; echo if then done; x", "echo echo x"),
        ] {
            assert_eq!(names(text), found, "{text}");
        }
    }

    #[test]
    fn what_only_stands_before_a_program_is_set_aside() {
        for (text, found) in [
            ("sudo -u www-data -E apt-get update", "apt-get"),
            ("env -i A=b FOO=bar /usr/bin/make all", "make"),
            ("exec gosu app \"$@\"", "gosu"),
            ("exec \"$@\"", "$@"),
            ("nice -n 10 ionice -c3 nohup timeout -k 5 30s time -p a", "a"),
            (
                "command -v git && command git x; env; exec 2>&1; sudo -i",
                "command git env exec sudo",
            ),
            (
                "python3.11 -m pip install x; busybox wget y; python -m http.server",
                "pip wget python",
            ),
        ] {
            assert_eq!(names(text), found, "{text}");
        }
        let found = script("DEBIAN_FRONTEND=noninteractive sudo A=b apt-get install x");
        let command = &found.commands[0];
        let assignments: Vec<_> = command
            .assignments
            .iter()
            .map(|(name, value)| (&*name.text, &*value.text))
            .collect();
        assert_eq!(assignments, [("DEBIAN_FRONTEND", "noninteractive"), ("A", "b")]);
        assert!(command.sudo);
    }

    #[test]
    fn texts_given_to_a_shell_are_read() {
        for (text, found) in [
            (
                r#"sh -c "apt-get update && apt-get install -y \"$x\"""#,
                "sh apt-get apt-get",
            ),
            ("/bin/bash -euxo pipefail -c 'curl x | sh' y", "bash curl sh"),
            (
                "bash -lc 'nvm install' && su - postgres -c 'psql -c \"x\"'",
                "bash nvm su psql",
            ),
            ("eval \"$(ssh-agent -s)\"; eval 'a; b'", "ssh-agent eval eval a b"),
            ("sh -c \"$(curl -fsSL x)\"", "curl sh"),
            ("bash -c \"`curl x` && y\"", "curl bash y"),
            ("bash script.sh -c x; sh -s - -c x", "bash sh"),
            (
                "bash <<EOF\napt-get update\nEOF\ncat <<EOF\n$(id) not\n`whoami`\nEOF\nz",
                "bash apt-get cat id whoami z",
            ),
            ("cat <<'EOF' | sh -x\nrm x\nEOF\n", "cat sh"),
        ] {
            assert_eq!(names(text), found, "{text}");
        }
        assert!(script("su -c 'a b' app").commands[1].sudo);
    }

    #[test]
    fn pipelines_know_their_neighbours_through_groups() {
        let found = script("curl -fsSL x | tee y | sudo bash -s; (a; b) | { c | d; } || e");
        let name = |index: Option<u32>| index.map_or("-", |index| &*found.commands[index as usize].name);
        let told: Vec<_> = found
            .commands
            .iter()
            .map(|command| {
                format!(
                    "{}<{}>{}",
                    name(command.piped_from),
                    command.name,
                    name(command.piped_into)
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "-<curl>tee",
                "curl<tee>bash",
                "tee<bash>-",
                "-<a>c",
                "-<b>c",
                "b<c>d",
                "c<d>-",
                "-<e>-"
            ]
        );
        let first: Vec<_> = found.pipelines[0]
            .iter()
            .map(|&index| name(Some(index)))
            .collect();
        assert_eq!(first, ["curl", "tee", "bash"]);
    }

    #[test]
    fn operators_and_redirects_are_kept() {
        let found = script("a && b >/dev/null 2>&1 || c >> log; d | e &>f & g <in\nh");
        let operators: Vec<_> = found
            .commands
            .iter()
            .map(|command| command.operator.map_or("", |(text, _)| text))
            .collect();
        assert_eq!(operators, ["", "&&", "||", ";", "|", "&", ";"]);
        let redirects: Vec<_> = found
            .commands
            .iter()
            .flat_map(|command| &command.redirects)
            .map(|(operator, target)| format!("{} {}", operator.text, target.text))
            .collect();
        assert_eq!(redirects, ["> /dev/null", "2>& 1", ">> log", "&> f", "< in"]);
    }

    #[test]
    fn a_command_knows_its_text_and_its_place() {
        let text = "x && FOO=bar sudo rm -rf \"/var/lib\"  ; y";
        let found = script(text);
        assert_eq!(found.commands[1].text.text, "FOO=bar sudo rm -rf \"/var/lib\"");
        assert_eq!(found.commands[1].words[1].span.of(text), "\"/var/lib\"");
        assert_eq!(found.commands[1].program.span.of(text), "rm");
        let substitutes = &script("bash <(curl x) $(a)").commands[2].substitutes;
        assert_eq!(substitutes.len(), 2);
        let text = r#"sh -c "a \"b\" c""#;
        let found = script(text);
        assert_eq!(found.commands[1].words[1].span.of(text), "c");
    }

    #[test]
    fn nonsense_gives_no_error_and_takes_no_time() {
        for text in [
            "$(",
            "`",
            "\"$(`",
            "((",
            "$((",
            "${",
            "case x in",
            "a |",
            "| a",
            ")",
            "fi",
            "<<",
            "< ",
            "a <<EOF",
            "$'",
            "\\",
        ] {
            script(text);
        }
        for piece in [
            "$(",
            "\"$(",
            "$((",
            "((",
            "( ",
            "{ ",
            "if ",
            "`",
            "\\`",
            "${a:-",
            "case x in a) ",
            "<(",
            "a <<E\n",
            "sh -c '",
            "x=( ",
        ] {
            script(&piece.repeat(20_000));
        }
        for piece in ["a;", "a|", "a&&b ", "a $(b);", "'a' ", "-abc ", "a=b ", "(a)|"] {
            script(&piece.repeat(100_000));
        }
    }

    #[test]
    fn windows_shells_are_split_plainly() {
        let read = |text: &str, dialect| {
            let found = Script::read(&Mapped::of(text, 0), 0, text.len(), dialect);
            let told = |command: &Command| format!("{}/{}", command.name, command.words.len());
            found.commands.iter().map(told).collect::<Vec<_>>().join(" ")
        };
        let text = "$ErrorActionPreference = 'Stop'; Invoke-WebRequest \"http://x; y\" -OutFile C:\\a.exe | Out-Null; C:\\b\\setup.exe /q";
        assert_eq!(
            read(text, Dialect::PowerShell),
            "$ErrorActionPreference/2 Invoke-WebRequest/3 Out-Null/0 setup/1"
        );
        assert_eq!(
            read("mkdir C:\\x && copy a b & del \"c & d\"", Dialect::Cmd),
            "mkdir/1 copy/2 del/1"
        );
    }
}
