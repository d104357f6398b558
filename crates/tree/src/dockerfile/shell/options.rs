//! Which options take the next word as their value: it is then no operand.
//! Source: the manual pages of the programs named here; options that a Dockerfile is likely to give, no more.

/// Programs, and their options that take a value.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["apt-get", "apt", "aptitude"],
        "-o --option -c --config-file -t --target-release --default-release -a --host-architecture",
    ),
    (
        &["apk"],
        "-p --root -X --repository -t --virtual --arch --keys-dir --repositories-file --wait --cache-dir --cache-max-age",
    ),
    (
        &["yum", "dnf", "dnf5", "microdnf", "tdnf"],
        "-c --config -d --debuglevel -e --errorlevel -x --exclude --enablerepo --disablerepo --repo --repoid --installroot \
         --releasever --setopt --forcearch --disableplugin --repofrompath --downloaddir --destdir",
    ),
    (
        &["zypper"],
        "-R --root -c --config -D --reposd-dir -r --repo --from -t --type -p --plus-repo",
    ),
    (&["rpm"], "--root --dbpath -D --define -E --eval -r"),
    (&["dpkg"], "--root --admindir --instdir"),
    (
        &["pip", "pip2", "pip3", "pipx", "uv"],
        "-r --requirement --requirements -c --constraint -e --editable -i --index-url --extra-index-url --default-index --index \
         -f --find-links --trusted-host -t --target --prefix --root --proxy --cert --client-cert --timeout --retries --cache-dir \
         --log --python --platform --python-version --implementation --abi --src -d --dest --no-binary --only-binary \
         --progress-bar --exists-action --global-option --config-settings --upgrade-strategy --use-feature --use-deprecated \
         --build-option -w --wheel-dir --extra --group --directory --project --allow-insecure-host --report",
    ),
    (
        &["npm", "pnpm", "npx"],
        "--registry --prefix -C --loglevel --cache --userconfig -w --workspace --tag --omit --include --only --filter -F --dir \
         --store-dir -p --package --fetch-timeout --fetch-retries",
    ),
    (
        &["yarn"],
        "--cwd --registry --cache-folder --network-timeout --modules-folder --mutex --network-concurrency",
    ),
    (
        &["gem"],
        "-v --version -i --install-dir -n --bindir -s --source -P --trust-policy -p --http-proxy --platform --clear-sources",
    ),
    (&["bundle"], "--gemfile -j --jobs --path --without --with --retry"),
    (
        &["composer"],
        "-d --working-dir --prefer-install --ignore-platform-req",
    ),
    (
        &["conda", "mamba", "micromamba"],
        "-n --name -p --prefix -c --channel -f --file -r --root-prefix --solver",
    ),
    (
        &["go"],
        "-o -ldflags -tags -mod -modfile -gcflags -asmflags -p -C -run -timeout -coverprofile -buildmode -installsuffix -toolexec",
    ),
    (
        &["cargo"],
        "--target --manifest-path --features -F --bin --package -p --root --version --git --branch --tag --rev --profile -j \
         --jobs --target-dir --registry --index --path --example --config -Z -C --color",
    ),
    (
        &["curl"],
        "-o --output -H --header -d --data --data-binary --data-raw --data-urlencode -X --request -u --user -A --user-agent -e \
         --referer --retry --retry-delay --retry-max-time --connect-timeout -m --max-time --cacert --capath -E --cert --key -x \
         --proxy -b --cookie -c --cookie-jar -T --upload-file -F --form -w --write-out -K --config --url -Y -y -z --time-cond \
         --resolve --limit-rate -r --range -D --dump-header --proto --proto-default --proto-redir --tls-max --ciphers \
         --output-dir --netrc-file --oauth2-bearer -U --proxy-user --interface -C --continue-at --max-redirs --noproxy -Q -P -t",
    ),
    (
        &["wget", "wget2"],
        "-O --output-document -P --directory-prefix -o --output-file -a --append-output -e --execute -t --tries -T --timeout -w \
         --wait -U --user-agent --header --post-data --post-file --user --password --http-user --http-password \
         --ca-certificate --certificate --private-key -i --input-file -Q -A -R -D -I -X -B --base --limit-rate \
         --secure-protocol --method --body-data --waitretry --read-timeout --dns-timeout --connect-timeout -l --level",
    ),
    (
        &["git"],
        "-C -c --config --git-dir --work-tree --namespace -b --branch --depth -o --origin --reference -j --jobs -m --message \
         --shallow-since --shallow-exclude",
    ),
    (
        &["useradd", "usermod"],
        "-u --uid -g --gid -G --groups -d --home -s --shell -c --comment -b --base-dir -e --expiredate -f --inactive -k --skel -K \
         --key -p --password -R --root -P --prefix -Z -l --login",
    ),
    (
        &["adduser"],
        "-u --uid -h --home -g -G --gid --ingroup -s --shell -k --gecos --comment --firstuid --lastuid --conf --add_extra_groups",
    ),
    (
        &["groupadd", "groupmod", "addgroup"],
        "-g --gid -K --key -p --password -R --root -P --prefix -n --new-name",
    ),
    (&["chown", "chgrp", "chmod"], "--from --reference"),
    (
        &["install"],
        "-m --mode -o --owner -g --group -t --target-directory -S --suffix",
    ),
    (&["mkdir"], "-m --mode"),
    (&["cp", "mv", "ln"], "-t --target-directory -S --suffix"),
    (
        &["tar", "bsdtar"],
        "-f --file -C --directory --strip-components --exclude --exclude-from -X -T --files-from --transform --owner --group --mode",
    ),
    (&["unzip"], "-d -x -P"),
    (
        &["gpg", "gpg2"],
        "--keyserver --homedir --keyserver-options -o --output -u --local-user -r --recipient --default-key --options --passphrase \
         --keyring",
    ),
    (&["apt-key"], "--keyring --keyserver --keyserver-options"),
    (&["make", "gmake", "ninja"], "-C --directory -f --file -I -o -W"),
    (
        &["cmake"],
        "-S -B -G -T -A --install --prefix --config -t --target",
    ),
    (&["sed"], "-e --expression -f --file"),
    (
        &["grep", "egrep", "fgrep"],
        "-e --regexp -f --file -m --max-count -A -B -C",
    ),
    (
        &["su", "runuser"],
        "-c --command -s --shell -g --group -G --supp-group -w",
    ),
    (&["ssh", "scp", "sftp"], "-i -p -P -o -l -F -J -c -L -R -D -b"),
    (
        &["docker", "podman", "buildah"],
        "-H --host --config -c --context -l --log-level -f --file -t --tag -u --user -v --volume -e --env -p --publish --name --network",
    ),
    (
        &["mvn", "mvnw"],
        "-f --file -s --settings -P -pl --projects -T --threads -gs",
    ),
    (
        &["gradle", "gradlew"],
        "-p --project-dir -b --build-file -c --settings-file -g",
    ),
    (&["xargs"], "-n -P -I -L -d -s -a -E"),
    (&["setcap"], "-n"),
    (&["crontab"], "-u"),
    (
        &["openssl"],
        "-in -out -subj -days -keyout -newkey -passin -passout -CA -CAkey -config -extensions",
    ),
];

/// Programs whose options are words after one dash, so that `-name` is not `-n -a -m -e`.
const LONG_WITH_ONE_DASH: &[&str] = &[
    "go",
    "java",
    "javac",
    "find",
    "openssl",
    "ffmpeg",
    "terraform",
    "packer",
    "keytool",
    "mvn",
    "mvnw",
    "convert",
    "msiexec",
    "gcc",
    "g++",
    "cc",
    "clang",
    "qemu-img",
    "xz-utils",
    "dotnet",
];

/// The options of one program.
#[derive(Clone, Copy)]
pub(super) struct Options {
    with_value: &'static str,
    /// Whether `-abc` is `-a -b -c`.
    pub(super) clusters: bool,
}

impl Options {
    pub(super) fn of(program: &str) -> Self {
        let row = OPTIONS.iter().find(|(programs, _)| programs.contains(&program));
        Self {
            with_value: row.map_or("", |row| row.1),
            clusters: !LONG_WITH_ONE_DASH.contains(&program),
        }
    }

    /// Whether the option, with its dashes, takes a value.
    pub(super) fn takes_value(self, option: &str) -> bool {
        !self.with_value.is_empty()
            && self
                .with_value
                .split_ascii_whitespace()
                .any(|known| known == option)
    }
}
