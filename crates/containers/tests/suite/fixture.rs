//! A task to test on: a network namespace, a root file system from busybox, a sandbox; and a look, when it is dropped, that
//! nothing of it is left.

use containers::log::{Line, Mark, Reader};
use containers::{
    Adopted, ContainerConfig, ContainerState, Exec, ExecResult, Exit, LogSink, RuntimeKind, Sandbox, SandboxSpec,
    ShimCommand,
};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Longest wait for anything that must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001::/srv:/bin/sh\n";
const GROUP: &str = "root:x:0:\nweb:x:1001:\nlogs:x:50:web\n";

pub struct Task {
    pub dir: PathBuf,
    pub layer: PathBuf,
    pub spec: SandboxSpec,
    sandbox: Option<Sandbox>,
    netns: Child,
    files: tempfile::TempDir,
}

/// The shim under test.
pub fn shim() -> &'static ShimCommand {
    static SHIM: OnceLock<ShimCommand> = OnceLock::new();
    SHIM.get_or_init(|| ShimCommand::new(env!("CARGO_BIN_EXE_task-shim"), Vec::<String>::new()))
}

impl Task {
    pub fn new(runtime: RuntimeKind) -> Self {
        Self::with(runtime, |_| {})
    }

    pub fn with(runtime: RuntimeKind, change: impl FnOnce(&mut SandboxSpec)) -> Self {
        let mut task = Self::without_shim(runtime, change);
        task.create();
        task
    }

    /// Everything but the sandbox.
    pub fn without_shim(runtime: RuntimeKind, change: impl FnOnce(&mut SandboxSpec)) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("t{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let files = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::set_permissions(files.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let layer = files.path().join("layer");
        busybox(&layer);
        let netns = namespace();
        let mut spec = SandboxSpec {
            id,
            netns: format!("/proc/{}/ns/net", netns.id()).into(),
            hostname: "ip-10-0-0-5".into(),
            cgroup_parent: "neargate-tests/containers".into(),
            cpu_units: 1024,
            memory: Some(256 << 20),
            pids: Some(100),
            shared_pid: false,
            runtime,
        };
        change(&mut spec);
        Self { dir: files.path().join("task"), layer, spec, sandbox: None, netns, files }
    }

    pub fn create(&mut self) {
        self.sandbox = Some(Sandbox::create(&self.dir, &self.spec, shim()).unwrap());
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    pub fn files(&self) -> &Path {
        self.files.path()
    }

    /// Lets go of the sandbox, as a caller that dies does.
    pub fn forget(&mut self) {
        self.sandbox = None;
    }

    pub fn adopt(&mut self) {
        match Sandbox::adopt(&self.dir).unwrap() {
            Adopted::Alive(sandbox) => self.sandbox = Some(sandbox),
            Adopted::Gone { .. } => panic!("the shim is gone"),
        }
    }

    /// A container that runs a shell script and logs.
    pub fn script(&self, name: &str, script: &str) -> ContainerConfig {
        ContainerConfig {
            name: name.into(),
            layers: vec![self.layer.clone()],
            argv: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            log: LogSink::File { max_bytes: 1 << 20, non_blocking: false },
            ..ContainerConfig::default()
        }
    }

    /// A container that runs until it is told to end.
    pub fn service(&self, name: &str) -> ContainerConfig {
        self.script(name, "trap 'exit 143' TERM; echo ready; while :; do sleep 1000 & wait $!; done")
    }

    /// Runs a script to its end: how it ended, and what it wrote.
    pub fn run(&self, script: &str) -> (i32, String) {
        self.run_as(self.script("main", script))
    }

    pub fn run_as(&self, config: ContainerConfig) -> (i32, String) {
        self.sandbox().start(&config).unwrap();
        let exit = self.wait_exit(&config.name);
        (exit.code, self.output(&config.name))
    }

    /// Runs a script as another container of this task and returns its output, which must come with success.
    pub fn ok(&self, name: &str, script: &str) -> String {
        let (code, output) = self.run_as(self.script(name, script));
        assert_eq!(code, 0, "{output}");
        output
    }

    pub fn wait_exit(&self, name: &str) -> Exit {
        let mut events = self.sandbox().events().unwrap();
        loop {
            let report = events.next(Some(PATIENCE)).unwrap().expect("the container has not ended in time");
            if let Some(ContainerState::Exited(exit)) = report.containers.get(name) {
                return exit.clone();
            }
        }
    }

    /// Waits until a container has written a line.
    pub fn wait_line(&self, name: &str, wanted: &str) -> Line {
        let mut reader = self.sandbox().log(name, Mark::default());
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            for line in reader.lines(usize::MAX).unwrap() {
                if line.bytes == wanted.as_bytes() {
                    return line;
                }
            }
            assert!(std::time::Instant::now() < end, "{wanted:?} was never written");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn output(&self, name: &str) -> String {
        text(&mut self.sandbox().log(name, Mark::default()))
    }

    pub fn sh(&self, name: &str, script: &str) -> ExecResult {
        let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let exec = Exec { argv, output_limit: 65536, timeout_ms: 20_000, ..Exec::default() };
        self.sandbox().exec(name, &exec).unwrap()
    }
}

pub fn text(reader: &mut Reader) -> String {
    let lines = reader.lines(usize::MAX).unwrap();
    lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned() + "\n").collect()
}

impl Drop for Task {
    fn drop(&mut self) {
        let removed = containers::remove(&self.dir);
        let _ = self.netns.kill();
        let _ = self.netns.wait();
        if std::thread::panicking() {
            return;
        }
        removed.unwrap();
        assert!(!self.dir.exists());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(self.files.path().to_str().unwrap()), "a mount is left: {mounts}");
        assert_eq!(cgroups_of(&self.spec.id), Vec::<PathBuf>::new(), "control groups are left");
        assert_eq!(processes_naming(self.dir.to_str().unwrap()), Vec::<String>::new(), "processes are left");
    }
}

/// A network namespace with loopback, held by a process.
fn namespace() -> Child {
    let script = "ip link set lo up && echo up && exec sleep 100000";
    let mut child = Command::new("unshare")
        .args(["--net", "sh", "-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare (util-linux) is needed");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "up\n", "ip (iproute2) is needed to set up loopback");
    child
}

/// A root file system of one static program, as Debian's busybox-static has it.
pub fn busybox(root: &Path) {
    let program = Path::new("/bin/busybox");
    assert!(program.exists(), "install busybox-static: these tests make their root file systems from /bin/busybox");
    for dir in ["bin", "etc", "root", "srv", "tmp", "var", "proc", "sys", "dev"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::copy(program, root.join("bin/busybox")).unwrap();
    let list = Command::new(program).arg("--list").output().unwrap();
    for applet in String::from_utf8(list.stdout).unwrap().lines().filter(|applet| *applet != "busybox") {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    fs::write(root.join("etc/passwd"), PASSWD).unwrap();
    fs::write(root.join("etc/group"), GROUP).unwrap();
}

/// A task's groups in any cgroup hierarchy: its own, and those of a runtime, whose names begin with the task's.
fn cgroups_of(task: &str) -> Vec<PathBuf> {
    let mounts = fs::read_dir("/sys/fs/cgroup").unwrap().flatten().map(|entry| entry.path());
    let parents = mounts.chain([PathBuf::from("/sys/fs/cgroup")]).map(|mount| mount.join("neargate-tests/containers"));
    let places = parents.flat_map(|parent| [parent.join("shims"), parent]);
    let groups = places.filter_map(|place| fs::read_dir(place).ok()).flatten().flatten().map(|entry| entry.path());
    groups.filter(|group| group.file_name().unwrap().to_string_lossy().split('.').next() == Some(task)).collect()
}

/// Command lines of processes that name a path.
fn processes_naming(path: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    processes.filter(|line| line.contains(path)).collect()
}

/// Whether a runtime can be counted on to set the soft limit of open files: runc before 1.1.13 raises it to the hard one now and then
/// (opencontainers/runc issue 4195).
pub fn soft_limit_of_files_holds(runtime: RuntimeKind) -> bool {
    runtime != RuntimeKind::Runc
}
