//! What must hold of any text that someone takes for a Dockerfile; `HARDTACK_FUZZ=1000000` tries more of them.

#[path = "../../../fuzz/bodies/dockerfile.rs"]
mod dockerfile;

use proptest::prelude::*;

/// Pieces that mean something to Docker or to a shell: put together at random they reach further than random bytes.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "FROM ", "FROM a AS b\n", "ARG A=1\n", "ARG A\n", "ENV A=$A$A\n", "ENV A b\n", "RUN ", "COPY ", "ADD ",
    "CMD ", "ONBUILD ", "SHELL ", "USER ", "EXPOSE ", "LABEL ", "VOLUME ", "WORKDIR ", "HEALTHCHECK CMD ",
    "--mount=type=secret,id=a,from=$b ", "--from=b ", "--link ", "# escape=`\n", "# syntax=x\n", "# c\n",
    "\\\n", "`\n", "\\\r\n", "\n", "\r\n", " ", "\t", "<<EOF ", "<<-'E F' ", "EOF\n", "\nEOF\n", "$(",
    "${A:-", "${", "$((", "((", ")", "))", "}", "`", "\"", "'", "$'", "\\", "&&", "||", "|", ";", ";;", "&",
    ">", "2>&1 ", "<(", "<<<", "if ", "then ", "fi ", "for x in ", "do ", "done ", "case x in ", "esac ",
    "[[ ", "]] ", "{ ", "f() { ", "x=(", "=", "$A", "a", "é", "🦀", "\u{FEFF}", "[\"sh\",\"-c\",\"", "\"]",
    "[", "]", ",", "\\u00e9", "sh -c '", "bash -lc \"", "eval ", "su -c ", "sudo ", "env A=b ", "timeout ",
    "python3 -m pip ", "-abc ", "--opt=v ", "-- ", "powershell ", "cmd ", "windows", ":", "/", "80-90/udp ",
    "http://x ",
];

fn texts() -> impl Strategy<Value = String> {
    let pieces =
        prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat());
    prop_oneof![
        4 => pieces.clone().prop_map(|text| format!("FROM a\n{text}")),
        2 => pieces.clone().prop_map(|text| format!("FROM a\nRUN {text}")),
        1 => pieces.clone().prop_map(|text| format!("# escape=`\nFROM windows\nSHELL [\"powershell\"]\nRUN {text}")),
        1 => pieces,
        1 => any::<String>(),
    ]
}

fn cases() -> u32 {
    let told = std::env::var("HARDTACK_FUZZ").ok();
    told.and_then(|count| count.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_tree_with_true_spans_or_an_error_with_a_remedy(text in texts()) {
        dockerfile::run(&text);
    }
}
