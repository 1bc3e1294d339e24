//! Figures of launching, beside `crun run` of the same container: `cargo run --release -p containers --example launch [ROUNDS]`.
//!
//! Needs root, busybox-static, crun and unshare. It is its own shim: the last argument makes it one.

use containers::{ContainerConfig, RuntimeKind, Sandbox, SandboxSpec, ShimCommand};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "shim") {
        return containers::shim::main(args.get(1..).unwrap_or_default());
    }
    let rounds = args.first().and_then(|arg| arg.to_str()?.parse().ok()).unwrap_or(50);
    match measure(rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

struct Bench {
    dir: PathBuf,
    layer: PathBuf,
    shim: ShimCommand,
    count: u32,
}

fn measure(rounds: usize) -> Outcome<()> {
    let dir = std::env::current_dir()?.join(format!("target/launch-bench-{}", std::process::id()));
    let layer = dir.join("layer");
    fs::create_dir_all(layer.join("bin"))?;
    for part in ["proc", "sys", "dev"] {
        fs::create_dir_all(layer.join(part))?;
    }
    fs::copy("/bin/busybox", layer.join("bin/busybox"))?;
    fs::hard_link(layer.join("bin/busybox"), layer.join("bin/sleep"))?;
    fs::hard_link(layer.join("bin/busybox"), layer.join("bin/true"))?;
    let shim = ShimCommand::new(std::env::current_exe()?, ["shim"]);
    let mut bench = Bench { dir: dir.clone(), layer, shim, count: 0 };
    let result = bench.all(rounds);
    fs::remove_dir_all(dir)?;
    containers::remove_cgroups("neargate-tests/bench")?;
    result
}

impl Bench {
    fn all(&mut self, rounds: usize) -> Outcome<()> {
        let mut row = |name: &str, one: &mut dyn FnMut(&mut Self) -> Outcome<Duration>| -> Outcome<()> {
            let mut times = (0..rounds).map(|_| one(self)).collect::<Outcome<Vec<_>>>()?;
            times.sort_unstable();
            let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
            println!("{name:<58} p50 {:>8.2?}  p95 {:>8.2?}", at(50), at(95));
            Ok(())
        };
        row("sandbox alone (directory, cgroups, shim)", &mut |bench| bench.sandbox(0))?;
        row("sandbox and one container, to its first instruction", &mut |bench| bench.sandbox(1))?;
        row("sandbox and two containers", &mut |bench| bench.sandbox(2))?;
        row("one container, shim running", &mut |bench| bench.container(RuntimeKind::Native))?;
        row("one container through crun, shim running", &mut |bench| bench.container(RuntimeKind::Crun))?;
        row("removing a task of two containers", &mut |bench| bench.removal())?;
        self.rate(rounds)?;
        self.memory()
    }

    fn create(&mut self, runtime: RuntimeKind) -> Outcome<Sandbox> {
        self.count += 1;
        let spec = SandboxSpec {
            id: format!("bench-{}-{}", std::process::id(), self.count),
            netns: "/proc/self/ns/net".into(),
            hostname: "bench".into(),
            cgroup_parent: "neargate-tests/bench".into(),
            cpu_units: 1024,
            memory: Some(256 << 20),
            pids: Some(100),
            runtime,
            ..SandboxSpec::default()
        };
        Ok(Sandbox::create(&self.dir.join(format!("task-{}", self.count)), &spec, &self.shim)?)
    }

    fn config(&self, name: &str) -> ContainerConfig {
        ContainerConfig {
            name: name.into(),
            layers: vec![self.layer.clone()],
            argv: vec!["/bin/sleep".into(), "1000".into()],
            ..ContainerConfig::default()
        }
    }

    fn task(&mut self, containers: usize) -> Outcome<Sandbox> {
        let sandbox = self.create(RuntimeKind::Native)?;
        for number in 0..containers {
            sandbox.start(&self.config(&format!("c{number}")))?;
        }
        Ok(sandbox)
    }

    fn sandbox(&mut self, containers: usize) -> Outcome<Duration> {
        let start = Instant::now();
        let sandbox = self.task(containers)?;
        let took = start.elapsed();
        sandbox.destroy()?;
        Ok(took)
    }

    fn container(&mut self, runtime: RuntimeKind) -> Outcome<Duration> {
        let sandbox = self.create(runtime)?;
        let start = Instant::now();
        sandbox.start(&self.config("one"))?;
        let took = start.elapsed();
        sandbox.destroy()?;
        Ok(took)
    }

    fn removal(&mut self) -> Outcome<Duration> {
        let sandbox = self.task(2)?;
        let start = Instant::now();
        sandbox.destroy()?;
        Ok(start.elapsed())
    }

    fn rate(&mut self, tasks: usize) -> Outcome<()> {
        let start = Instant::now();
        let all = (0..tasks).map(|_| self.task(2)).collect::<Outcome<Vec<_>>>()?;
        println!("two-container tasks one after the other: {:.0}/s", tasks as f64 / start.elapsed().as_secs_f64());
        Ok(all.into_iter().try_for_each(Sandbox::destroy)?)
    }

    /// Memory of idle two-container tasks: the shims' own, and what the whole machine lost.
    fn memory(&mut self) -> Outcome<()> {
        const TASKS: usize = 50;
        let before = available()?;
        let all = (0..TASKS).map(|_| self.task(2)).collect::<Outcome<Vec<_>>>()?;
        let after = available()?;
        let shims = all.iter().map(|sandbox| pss(sandbox.shim_pid())).sum::<Outcome<u64>>()?;
        let containers = all
            .iter()
            .flat_map(|sandbox| [sandbox.pids("c0"), sandbox.pids("c1")].concat())
            .map(pss)
            .sum::<Outcome<u64>>()?;
        println!(
            "per idle two-container task: shim {} KiB (Pss), its containers' processes {} KiB (Pss), all with the kernel's part {} KiB (MemAvailable)",
            shims / TASKS as u64,
            containers / TASKS as u64,
            before.saturating_sub(after) / TASKS as u64
        );
        all.into_iter().try_for_each(Sandbox::destroy)?;
        crun(&self.layer, &self.dir)
    }
}

fn pss(pid: u32) -> Outcome<u64> {
    number(Path::new(&format!("/proc/{pid}/smaps_rollup")), "Pss:")
}

fn available() -> Outcome<u64> {
    number(Path::new("/proc/meminfo"), "MemAvailable:")
}

fn number(file: &Path, key: &str) -> Outcome<u64> {
    let text = fs::read_to_string(file)?;
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB")?.trim().parse().ok());
    value.ok_or_else(|| format!("no {key} in {}", file.display()).into())
}

/// `crun run` of a container that ends at once, on an ordinary directory, with crun's own default configuration.
fn crun(layer: &Path, dir: &Path) -> Outcome<()> {
    let bundle = dir.join("bundle");
    fs::create_dir_all(&bundle)?;
    Command::new("crun").arg("spec").current_dir(&bundle).status()?;
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(bundle.join("config.json"))?)?;
    config["root"] = serde_json::json!({ "path": layer, "readonly": true });
    config["process"]["args"] = serde_json::json!(["/bin/true"]);
    config["process"]["terminal"] = false.into();
    fs::write(bundle.join("config.json"), serde_json::to_vec(&config)?)?;
    let run = "umount /sys/fs/cgroup/unified 2>/dev/null; s=$(date +%s%N); for i in 1 2 3 4 5 6 7 8 9 10; do crun --cgroup-manager=disabled run -b . bench-$$-$i || exit 1; done; e=$(date +%s%N); echo $(( (e - s) / 10000 ))";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", run])
        .current_dir(&bundle)
        .stderr(Stdio::inherit())
        .output()?;
    println!(
        "crun run of /bin/true, without seccomp or cgroups: {} µs each, start and end",
        String::from_utf8_lossy(&output.stdout).trim()
    );
    Ok(())
}
