//! Whole files, such as people write them.

use super::*;
use crate::{Kind, Lines, Node};

fn read(text: &str) -> Tree<'_> {
    match parse(text, &Limits::default()) {
        Ok(tree) => tree,
        Err(error) => panic!("line {}: {error}", Lines::new(text).position(error.at).line),
    }
}

/// The value at `path`, on one line; `?` after what is not known.
fn tell(tree: &Tree<'_>, path: &str) -> String {
    let mut node = tree.root();
    for part in path.split('.') {
        let next = match part.parse() {
            Ok(index) => node.item(index),
            Err(_) => node.get(part),
        };
        match next {
            Some(next) => node = next,
            None => return "-".into(),
        }
    }
    line(node)
}

fn line(node: Node<'_>) -> String {
    let inner: Vec<String> = match node.kind() {
        Kind::Map => node
            .entries()
            .map(|(key, value)| format!("{}: {}", key.raw(), line(value)))
            .collect(),
        Kind::Seq => node.items().map(line).collect(),
        _ => return format!("{}{}", node.scalar(), if node.is_unresolved() { "?" } else { "" }),
    };
    match node.kind() {
        Kind::Map => format!("{{{}}}", inner.join(", ")),
        _ => format!("[{}]", inner.join(", ")),
    }
}

fn check(text: &str, expected: &[(&str, &str)]) {
    let tree = read(text);
    for (path, value) in expected {
        assert_eq!(tell(&tree, path), *value, "{path}");
    }
}

/// Each instruction of the stage of that number, with what it runs: `RUN apt-get/update rm/-rf`.
fn outline(tree: &Tree<'_>, stage: usize) -> Vec<String> {
    let stage = tree
        .root()
        .get("stages")
        .and_then(|stages| stages.item(stage))
        .unwrap();
    let instruction = |instruction: Node<'_>| {
        let mut told = instruction.str_at(&["instruction"]).unwrap().to_owned();
        for command in instruction.get("commands").map(Node::items).into_iter().flatten() {
            told += &format!(" {}", command.str_at(&["name"]).unwrap());
            let first = command.get("words").and_then(|words| words.item(0));
            told += &first.map_or(String::new(), |word| format!("/{}", word.raw()));
        }
        told
    };
    stage
        .get("instructions")
        .unwrap()
        .items()
        .map(instruction)
        .collect()
}

fn refused(text: &str) -> (u32, String) {
    let error = parse(text, &Limits::default()).unwrap_err();
    assert!(error.help.is_some(), "{error}");
    (Lines::new(text).position(error.at).line, error.message)
}

const GO_SERVICE: &str = r#"# syntax=docker/dockerfile:1.7
ARG GO_VERSION=1.22
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS build
WORKDIR /src
RUN apk add --no-cache git ca-certificates
COPY go.* ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=secret,id=netrc,dst=/root/.netrc,required \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w -X main.version=${VERSION}" -o /out/app ./cmd/app

FROM scratch
LABEL org.opencontainers.image.title="app" \
      org.opencontainers.image.version=1.0
COPY --from=build --chown=65532:65532 /out/app /app
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
EXPOSE 8080/tcp 9000-9010/udp
ENTRYPOINT ["/app"]
CMD ["serve", "--addr=:8080"]
"#;

#[test]
fn a_service_built_in_two_stages() {
    check(
        GO_SERVICE,
        &[
            ("syntax", "docker/dockerfile:1.7"),
            ("args.0.arguments", "[{name: GO_VERSION, default: 1.22}]"),
            ("stages.0.image", "golang:1.22-alpine"),
            ("stages.0.platform", "$BUILDPLATFORM?"),
            ("stages.0.name", "build"),
            ("stages.0.used", "true"),
            ("stages.0.final", "false"),
            ("stages.0.workdir", "/src"),
            (
                "stages.0.args",
                "{TARGETOS: TARGETOS?, TARGETARCH: TARGETARCH?, VERSION: dev}",
            ),
            (
                "stages.0.instructions.8.mounts.1",
                "{type: secret, id: netrc, target: /root/.netrc, required: true}",
            ),
            (
                "stages.0.instructions.8.flags.mount.0",
                "type=cache,target=/go/pkg/mod",
            ),
            (
                "stages.0.instructions.8.commands.0.assignments",
                "{CGO_ENABLED: 0, GOOS: $TARGETOS, GOARCH: $TARGETARCH}",
            ),
            ("stages.0.instructions.8.commands.0.subcommand", "build"),
            ("stages.1.scratch", "true"),
            ("stages.1.user", "{name: 65532, group: 65532}"),
            (
                "stages.1.ports",
                "[{port: 8080, protocol: tcp}, {from: 9000, to: 9010, protocol: udp}]",
            ),
            ("stages.1.entrypoint.words", "[/app]"),
            ("stages.1.cmd.words", "[serve, --addr=:8080]"),
            (
                "stages.1.labels",
                "{org.opencontainers.image.title: app, org.opencontainers.image.version: 1.0}",
            ),
            (
                "stages.1.instructions.2.flags",
                "{from: build, chown: 65532:65532}",
            ),
            ("stages.1.instructions.2.last", "false"),
            ("stages.1.instructions.3.last", "true"),
            ("stages.1.instructions.3.previous", "COPY"),
        ],
    );
}

#[test]
fn spans_are_those_of_the_words() {
    let tree = read(GO_SERVICE);
    let word = |path: &[&str], index: usize| {
        let stage = tree.root().get("stages").unwrap().item(index).unwrap();
        stage.at(path).unwrap().span().of(GO_SERVICE)
    };
    assert_eq!(word(&["image"], 0), "golang:${GO_VERSION}-alpine");
    assert_eq!(word(&["user", "group"], 1), "65532");
    assert_eq!(word(&["labels", "org.opencontainers.image.title"], 1), "\"app\"");
    let instruction = tree
        .root()
        .get("stages")
        .unwrap()
        .item(0)
        .unwrap()
        .get("instructions")
        .unwrap()
        .item(8)
        .unwrap();
    assert!(instruction.span().of(GO_SERVICE).starts_with("RUN --mount"));
    assert!(instruction.span().of(GO_SERVICE).ends_with("./cmd/app"));
    let command = instruction.get("commands").unwrap().item(0).unwrap();
    assert_eq!(command.get("name").unwrap().span().of(GO_SERVICE), "go");
    assert_eq!(
        command
            .get("words")
            .unwrap()
            .item(1)
            .unwrap()
            .span()
            .of(GO_SERVICE),
        "-trimpath"
    );
    assert_eq!(
        instruction
            .get("mounts")
            .unwrap()
            .item(1)
            .unwrap()
            .get("id")
            .unwrap()
            .span()
            .of(GO_SERVICE),
        "netrc"
    );
}

#[test]
fn a_debian_image_in_the_style_of_the_official_ones() {
    let text = r#"FROM debian:bookworm-slim
# explicitly set user/group IDs
RUN set -eux; \
	groupadd -r app --gid=999; \
	useradd -r -g app --uid=999 --home-dir=/var/lib/app app; \
# keep the folder
	install --verbose --directory --owner app --group app --mode 1777 /var/lib/app

RUN set -ex; \
	apt-get update; \
	savedAptMark="$(apt-mark showmanual)"; \
	apt-get install -y --no-install-recommends gnupg wget ca-certificates; \
	rm -rf /var/lib/apt/lists/*; \
	dpkgArch="$(dpkg --print-architecture | awk -F- '{ print $NF }')"; \
	case "$dpkgArch" in \
		amd64) url='https://example.com/a' ;; \
		arm64|armhf) url='https://example.com/b' ;; \
		*) echo >&2 "error: unsupported '$dpkgArch'"; exit 1 ;; \
	esac; \
	wget -O /usr/local/bin/gosu "$url"; \
	export GNUPGHOME="$(mktemp -d)"; \
	gpg --batch --keyserver hkps://keys.openpgp.org --recv-keys ABCD; \
	if ! gosu nobody true; then exit 1; fi; \
	find /usr/local -type f -executable -exec ldd '{}' ';' \
		| awk '/=>/ { so = $(NF-1); if (index(so, "/usr/local/") == 1) { next }; print so }' \
		| sort -u \
		| xargs -r dpkg-query --search \
	; \
	apt-get purge -y --auto-remove -o APT::AutoRemove::RecommendsImportant=false
VOLUME /var/lib/app
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["app"]
"#;
    let tree = read(text);
    assert_eq!(
        outline(&tree, 0)[1..3],
        [
            "RUN set/-eux groupadd/-r useradd/-r install/--verbose",
            "RUN set/-ex apt-get/update apt-mark/showmanual apt-get/install rm/-rf dpkg/--print-architecture awk/-F- echo/error: \
         unsupported '$dpkgArch' exit/1 wget/-O mktemp/-d export/GNUPGHOME=$(mktemp -d) gpg/--batch gosu/nobody exit/1 \
         find//usr/local awk//=>/ { so = $(NF-1); if (index(so, \"/usr/local/\") == 1) { next }; print so } sort/-u xargs/-r \
         apt-get/purge",
        ]
    );
    let run = "stages.0.instructions.2.commands";
    for (path, value) in [
        ("3.flags", "[-y, --no-install-recommends]"),
        ("3.operands", "[install, gnupg, wget, ca-certificates]"),
        ("3.operator", ";"),
        ("6.pipeline", "[dpkg, awk]"),
        ("9.options", "[{name: -O, value: /usr/local/bin/gosu}]"),
        ("11.substitutes", "[mktemp]"),
        ("15.pipedInto", "awk"),
        ("18.pipeline", "[find, awk, sort, xargs]"),
        ("18.followed", "[apt-get]"),
        ("19.subcommand", "purge"),
    ] {
        assert_eq!(tell(&tree, &format!("{run}.{path}")), value, "{path}");
    }
    assert_eq!(tell(&tree, "stages.0.instructions.6.signal"), "SIGINT");
    assert_eq!(tell(&tree, "stages.0.instructions.3.paths"), "[/var/lib/app]");
}

#[test]
fn heredocs_are_scripts_files_or_input() {
    let text = "FROM alpine\n\
        RUN <<EOF\nset -e\napk add curl\ncurl -k https://example.com | sh\nEOF\n\
        RUN python3 <<EOF\nimport os\nos.system('x')\nEOF\n\
        RUN <<-\"EOF\"\n\t#!/usr/bin/env bash\n\trm -rf /tmp/x # y\n\tEOF\n\
        RUN <<EOF\n#!/usr/bin/perl -w\nprint 1;\nEOF\n\
        RUN bash -e <<'A' && cat <<B > /etc/motd\necho one\nA\n$(hostname)\nB\n\
        COPY --chmod=755 <<run.sh <<\"conf\" settings /app/\n#!/bin/sh\nexec \"$@\"\nrun.sh\nk=$V\nconf\n";
    let tree = read(text);
    assert_eq!(
        outline(&tree, 0),
        [
            "FROM",
            "RUN set/-e apk/add curl/-k sh",
            "RUN python3",
            "RUN rm/-rf",
            "RUN perl/-w",
            "RUN bash/-e cat echo/one hostname",
            "COPY"
        ]
    );
    for (path, value) in [
        ("1.heredocs.0.name", "EOF"),
        ("1.commands.2.pipedInto", "sh"),
        ("3.heredocs.0.text", "#!/usr/bin/env bash\nrm -rf /tmp/x # y\n"),
        ("5.heredocs.1.text", "$(hostname)\n"),
        ("6.sources", "[settings]"),
        ("6.destination", "/app/"),
        ("6.heredocs.1.text", "k=$V\n"),
        ("6.flags.chmod", "755"),
    ] {
        assert_eq!(
            tell(&tree, &format!("stages.0.instructions.{path}")),
            value,
            "{path}"
        );
    }
}

#[test]
fn stages_hand_on_what_docker_hands_on() {
    let text = "FROM node:20 AS base\nARG MODE=a\nENV A=1 NODE_ENV=production\nUSER node\nWORKDIR /app\nWORKDIR sub\n\
        EXPOSE 80\nLABEL a=b\nSHELL [\"/bin/bash\", \"-c\"]\nHEALTHCHECK --interval=5s --retries=3 CMD curl -f localhost\n\
        CMD node .\n\
        FROM base AS dev\nENV A=2\nRUN echo $MODE\nCMD [\"npm\", \"start\"]\n\
        FROM Dev\nENTRYPOINT [\"tini\", \"--\"]\nEXPOSE 81\n\
        FROM alpine AS unused\nRUN true\n\
        FROM busybox\nCOPY --from=2 /a /b\nCOPY --from=nginx /a /b\nHEALTHCHECK NONE\n";
    check(
        text,
        &[
            ("stages.1.user.name", "node"),
            ("stages.1.workdir", "/app/sub"),
            ("stages.1.env", "{A: 2, NODE_ENV: production}"),
            ("stages.1.args", "-"),
            ("stages.1.labels", "{a: b}"),
            ("stages.1.shell", "[/bin/bash, -c]"),
            ("stages.1.healthcheck.flags", "{interval: 5s, retries: 3}"),
            ("stages.1.healthcheck.commands.0.name", "curl"),
            ("stages.1.cmd.form", "exec"),
            ("stages.2.image", "Dev"),
            ("stages.2.fromStage", "true"),
            ("stages.2.base", "node:20"),
            ("stages.2.cmd", "-"),
            ("stages.2.entrypoint.words", "[tini, --]"),
            (
                "stages.2.ports",
                "[{port: 80, protocol: tcp}, {port: 81, protocol: tcp}]",
            ),
            ("stages.0.used", "true"),
            ("stages.1.used", "true"),
            ("stages.3.used", "false"),
            ("stages.4.final", "true"),
            ("stages.4.fromStage", "false"),
            ("stages.4.healthcheck.none", "true"),
            ("stages.4.user", "-"),
        ],
    );
}

#[test]
fn variables_are_expanded_where_docker_does_it() {
    let text = "ARG TAG=3.19\nARG REGISTRY\nARG IMAGE=alpine:${TAG}\n\
        FROM ${IMAGE}\nARG TAG\nARG DIR=/srv SUB=${DIR}/x\n\
        ENV HOME=$DIR OTHER=$HOME PATH=/opt/bin:$PATH QUOTED='$DIR' ESCAPED=\\$DIR\n\
        WORKDIR $HOME/${SUB:-none}\nUSER ${APP_USER:-nobody}\nCOPY a-$TAG $DIR/\nEXPOSE $PORT ${TAG:+80}\n\
        RUN echo $DIR\nSTOPSIGNAL $NONE\n\
        FROM ${REGISTRY}/app\nFROM ${REGISTRY:-docker.io}/app:$TAG\n\
        FROM scratch\nENV A=x$UNSET\n";
    check(
        text,
        &[
            ("args.2.arguments.0.default", "alpine:3.19"),
            ("stages.0.image", "alpine:3.19"),
            ("stages.0.args", "{TAG: 3.19, DIR: /srv, SUB: ${DIR}/x?}"),
            (
                "stages.0.env",
                "{HOME: /srv, OTHER: $HOME?, PATH: /opt/bin:$PATH?, QUOTED: $DIR, ESCAPED: $DIR}",
            ),
            ("stages.0.workdir", "/srv/${SUB:-none}?"),
            ("stages.0.user.name", "${APP_USER:-nobody}?"),
            ("stages.0.instructions.6.sources", "[a-3.19]"),
            ("stages.0.instructions.6.destination", "/srv/"),
            (
                "stages.0.instructions.7.ports",
                "[{port: $PORT?, protocol: tcp}, {port: 80, protocol: tcp}]",
            ),
            ("stages.0.instructions.8.text", "echo $DIR"),
            ("stages.1.image", "${REGISTRY}/app?"),
            ("stages.1.scratch", "false?"),
            ("stages.2.image", "docker.io/app:3.19"),
            ("stages.3.env.A", "x"),
        ],
    );
}

#[test]
fn old_and_odd_notations_are_read() {
    let text = "from ubuntu:14.04\nmaintainer Some One <one@example.com>\nenv PATH /opt/bin:$PATH and more\n\
        LABEL name some value\nEnV A=\"b c\" D='e f' G=h\\ i J=\n\
        add https://example.com/a.tgz [\"x\" /opt/\nADD [\"a b\", \"/c d/\"]\nVOLUME [\"/a\", \"/b\"]\nVOLUME /c /d\n\
        ONBUILD COPY --chown=1:2 . $APP\nonbuild run a && b\nCMD ['a', 'b']\nCMD [ \"a\", \"-c\" ]\nUSER 1000:\n\
        RUN [\"/bin/sh\", \"-c\", \"a \\\"b c\\\" | d\"]\nCOPY --link=false --from=x a b c/\n";
    let name = "stages.0.instructions";
    let tree = read(text);
    for (path, value) in [
        ("0.written", "from"),
        ("2.variables", "[{name: PATH, value: /opt/bin:$PATH and more?}]"),
        ("2.legacy", "true"),
        ("3.labels", "[{name: name, value: some value}]"),
        (
            "4.variables",
            "[{name: A, value: b c}, {name: D, value: e f}, {name: G, value: h i}, {name: J, value: }]",
        ),
        ("4.legacy", "false"),
        ("5.remote", "true"),
        ("6.sources", "[a b]"),
        ("6.remote", "false"),
        ("7.paths", "[/a, /b]"),
        ("8.paths", "[/c, /d]"),
        ("9.inner.flags.chown", "1:2"),
        ("9.inner.destination", "$APP?"),
        ("10.inner.commands.1.name", "b"),
        ("11.form", "shell"),
        ("12.words", "[a, -c]"),
        ("13.user", "{name: 1000, group: }"),
        ("14.form", "exec"),
        ("14.commands.1.words", "[b c]"),
        ("14.commands.1.pipedInto", "d"),
        ("15.flags.link", "false"),
        ("15.sources", "[a, b]"),
    ] {
        assert_eq!(tell(&tree, &format!("{name}.{path}")), value, "{path}");
    }
}

#[test]
fn windows_images_have_their_own_escape_and_shells() {
    let text = "# escape=`\r\n\r\nFROM mcr.microsoft.com/windows/servercore:ltsc2022\r\n\
        RUN mkdir C:\\app && copy a.txt C:\\app\r\n\
        SHELL [\"powershell\", \"-Command\", \"$ErrorActionPreference = 'Stop';\"]\r\n\
        RUN Invoke-WebRequest -Uri https://example.com/a.zip -OutFile a.zip; `\r\n    Expand-Archive a.zip | Out-Null\r\n\
        RUN if (1) { Remove-Item a.zip }\r\n\
        COPY app C:\\app\\\r\nWORKDIR C:\\app\r\nCMD [\"C:\\\\app\\\\app.exe\"]\r\n";
    let tree = read(text);
    assert_eq!(
        outline(&tree, 0),
        [
            "FROM",
            "RUN mkdir/C:\\app copy/a.txt",
            "SHELL",
            "RUN Invoke-WebRequest/-Uri Expand-Archive/a.zip Out-Null",
            "RUN if/(1) Remove-Item/a.zip",
            "COPY",
            "WORKDIR",
            "CMD app"
        ]
    );
    assert_eq!(tell(&tree, "stages.0.instructions.5.destination"), "C:\\app\\");
    assert_eq!(tell(&tree, "escape"), "`");
}

#[test]
fn a_shell_that_reads_another_language_gives_no_commands() {
    let text = "FROM python\nSHELL [\"/usr/bin/python3\", \"-c\"]\nRUN import os; os.remove('x')\n";
    check(
        text,
        &[
            ("stages.0.instructions.2.commands", "-"),
            ("stages.0.instructions.2.form", "shell"),
        ],
    );
}

#[test]
fn what_docker_refuses_is_refused_at_its_line() {
    for (text, line, message) in [
        ("", 1, "there is no `FROM`"),
        ("# only\n\n", 1, "there is no `FROM`"),
        ("ARG A=1\n", 1, "there is no `FROM`"),
        ("RUN a\nFROM b", 1, "`RUN` stands before the first `FROM`"),
        ("FROM a\nRNU b", 2, "`RNU` is no instruction"),
        ("FROM a\nRUN b\n  && c", 3, "`&&` is no instruction"),
        ("FROM", 1, "`FROM` names no image"),
        ("FROM a # b c", 1, "only `AS name` may follow"),
        ("FROM a AS 1b", 1, "`1b` can't name a stage"),
        ("ARG A=\nFROM $A", 2, "empty once variables are replaced"),
        ("FROM a\nCOPY b", 2, "needs a source and a destination"),
        ("FROM a\nCOPY b <<EOF\nEOF", 2, "can't be a destination"),
        ("FROM a\nENV B", 2, "needs a name and a value"),
        ("FROM a\nENV B=c d", 2, "`d` has no `=`"),
        ("FROM a\nENV B=\"c", 2, "a quote begins here that nothing closes"),
        (
            "FROM a\nWORKDIR /b/${C",
            2,
            "a `${` begins here that nothing closes",
        ),
        ("FROM a\nEXPOSE http", 2, "`http` is no port"),
        ("FROM a\nSHELL bash -c", 2, "`SHELL` takes a JSON list"),
        ("FROM a\nCMD [\"b\", 1]", 2, "may hold only strings"),
        (
            "FROM a\nHEALTHCHECK curl x",
            2,
            "expected `CMD` or `NONE`, found `curl`",
        ),
        ("FROM a\nONBUILD FROM b", 2, "`ONBUILD` can't take `FROM`"),
        ("FROM a\nCOPY --chwon=b c d", 2, "`COPY` has no flag `--chwon`"),
        ("FROM a\nCOPY --link=x c d", 2, "`true` or `false`"),
        ("FROM a\nRUN --network=a --network=b c", 2, "stands twice"),
        ("FROM a\nUSER", 2, "`USER` needs a user"),
        (
            "FROM a\nRUN <<EOF\nb\n",
            2,
            "the heredoc `EOF` of `RUN` never ends",
        ),
        ("FROM a\nRUN b \\\n", 2, "the file ends in the middle of `RUN`"),
    ] {
        let (at, said) = refused(text);
        assert!(said.contains(message), "{text:?}: {said}");
        assert_eq!(at, line, "{text:?}");
    }
    let typo = parse("FROM a\nENTRYPIONT b", &Limits::default()).unwrap_err();
    assert_eq!(typo.help.unwrap(), "did you mean `ENTRYPOINT`?");
}

#[test]
fn limits_hold() {
    let many = format!("FROM a\n{}", "ENV A=1\n".repeat(5_000));
    assert!(refused(&many).1.contains("4096"));
    let stages = "FROM a\n".repeat(1_001);
    assert!(refused(&stages).1.contains("1000 stages"));
    let small = Limits {
        nodes: 100,
        ..Limits::default()
    };
    assert!(
        parse(GO_SERVICE, &small)
            .unwrap_err()
            .message
            .contains("more than 100 values")
    );
    let flat = Limits {
        depth: 3,
        ..Limits::default()
    };
    assert!(parse(GO_SERVICE, &flat).is_err());
    let long = format!("FROM a\nRUN {}", "a && ".repeat(3_000) + "b");
    let tree = read(&long);
    assert_eq!(outline(&tree, 0).len(), 2);
}

#[test]
fn a_dockerfile_is_told_by_its_first_instruction() {
    for text in [
        "FROM a",
        "\u{FEFF}# c\n\nfrom a AS b\n",
        "ARG A=1\nFROM $A",
        "FROM --platform=linux/amd64 a",
        "FROM a \\\n  AS b",
    ] {
        assert!(looks_like_dockerfile(text), "{text:?}");
    }
    for text in [
        "",
        "# c",
        "a: b",
        "from: x",
        "FROM: a",
        "FROM here on all is lost",
        "{}",
        "- FROM a",
        "ARG",
        "arg: x",
    ] {
        assert!(!looks_like_dockerfile(text), "{text:?}");
    }
}
