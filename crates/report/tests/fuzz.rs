//! The body of the fuzz target `judge` on inputs made up here; `HARDTACK_FUZZ=100000` makes more.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail where it stands.

#[path = "../../../fuzz/bodies/judge.rs"]
mod judge;

/// Xorshift: the same texts in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const MANIFESTS: [&str; 4] = [
    "apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, annotations: { hardtack.dev/skip: host-network } }
spec:
  hostNetwork: true
  securityContext: { runAsUser: 0 }
  volumes: [{ name: v, hostPath: { path: / } }]
  containers:
    - name: web
      image: nginx:latest
      env: [{ name: PASSWORD, value: hunter2-Hx }]
      ports: [{ containerPort: 80, hostPort: 80 }]
      volumeMounts: [{ name: v, mountPath: /host }]
      securityContext: { privileged: true, capabilities: { add: [ALL] } }
      resources: { limits: { memory: 1Gi }, requests: { cpu: 500m } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
",
    "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: all }
rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: all }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all }
subjects: [{ kind: Group, name: 'system:authenticated' }]
",
    "{\"apiVersion\": \"batch/v1\", \"kind\": \"CronJob\", \"metadata\": {\"name\": \"j\"}, \"spec\": {\"jobTemplate\": {\"spec\": {\"template\":
 {\"spec\": {\"containers\": [{\"name\": \"j\", \"image\": \"a\", \"args\": [\"--password=hunter2\"]}]}}}}}}",
    "FROM alpine:latest AS build
ARG TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789
RUN curl http://example.com/x | sh && apt-get install -y a; sudo b
COPY --from=build . /
ADD http://example.com/a /a
USER root
",
];

const PIECES: [&str; 40] = [
    "null",
    "true",
    "-1",
    "1e999",
    "{}",
    "[]",
    "[a, b]",
    "{a: b}",
    "~",
    "\"\"",
    "'*'",
    "\"\\u001b[31m\"",
    "é",
    "\u{202E}",
    "</script>",
    "]]>",
    "|",
    "`",
    "%0A::error::",
    "&x ",
    "*x",
    "<<: ",
    ": ",
    "\n",
    "  ",
    "\n  - ",
    "# hardtack: ignore *\n",
    "$(X)",
    "{{",
    "spec",
    "containers",
    "name",
    "kind",
    "securityContext",
    "labels",
    "0",
    "[[[[[[[[",
    "---\n",
    "List",
    ",",
];

#[test]
fn a_manifest_with_anything_changed_is_judged_and_reported() {
    let rounds = std::env::var("HARDTACK_FUZZ")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_500);
    let mut dice = Dice(0x5EED);
    for text in MANIFESTS {
        judge::run(text);
    }
    for _ in 0..rounds {
        let mut text = dice.pick(&MANIFESTS).to_owned();
        for _ in 0..=dice.below(5) {
            let at = boundary(&text, dice.below(text.len() + 1));
            let end = boundary(&text, (at + dice.below(12)).min(text.len()));
            match dice.below(3) {
                0 => text.insert_str(at, dice.pick(&PIECES)),
                1 => text.replace_range(at..end, ""),
                _ => text.replace_range(at..end, dice.pick(&PIECES)),
            }
        }
        judge::run(&text);
    }
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
