//! Starts that fail, in the words users search for.

use super::fixture::Task;
use containers::{ContainerConfig, Error, Rlimit, RuntimeKind, StartError, StartErrorKind};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn refused(task: &Task, config: &ContainerConfig) -> StartError {
    match task.sandbox().start(config) {
        Err(Error::Start(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn command(task: &Task, name: &str, argv: &[&str]) -> ContainerConfig {
    ContainerConfig { argv: argv.iter().map(ToString::to_string).collect(), ..task.script(name, "") }
}

/// With a runtime of the host.
pub fn a_terminal_is_refused_by_name(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let exec = containers::Exec { argv: vec!["/bin/true".into()], ..containers::Exec::default() };
    match task.sandbox().attach("main", &exec, Some(containers::WindowSize::default())) {
        Err(Error::Start(error)) => {
            let name = format!("{runtime:?}").to_lowercase();
            assert_eq!(error.message, format!("a terminal for a command is not supported with the runtime {name}"));
        }
        other => panic!("{other:?}"),
    }
}

pub fn a_missing_command(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let error = refused(&task, &command(&task, "one", &["nothing"]));
    assert_eq!(error.kind, StartErrorKind::CommandNotFound, "{error}");
    assert!(error.message.contains("executable file"), "{error}");
    assert!(error.message.contains("not found in $PATH"), "{error}");
    let error = refused(&task, &command(&task, "two", &["/no/thing"]));
    assert_eq!((error.kind, error.kind.exit_code()), (StartErrorKind::CommandNotFound, 127), "{error}");
}

pub fn a_directory_as_command(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let error = refused(&task, &command(&task, "main", &["/etc"]));
    assert_eq!((error.kind, error.kind.exit_code()), (StartErrorKind::NotExecutable, 126), "{error}");
}

pub fn a_file_that_is_not_executable(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let error = refused(&task, &command(&task, "main", &["/etc/passwd"]));
    assert_eq!(error.kind, StartErrorKind::NotExecutable, "{error}");
    assert!(error.message.to_lowercase().contains("permission denied"), "{error}");
}

pub fn an_exec_format_error(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    for (name, init) in [("plain", false), ("init", true)] {
        // An ELF header of another machine.
        let program = task.layer.join("bin/foreign");
        fs::write(&program, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut config = command(&task, name, &["foreign"]);
        config.init = init;
        let error = refused(&task, &config);
        assert_eq!(
            (error.kind, error.message.as_str()),
            (StartErrorKind::ExecFormat, "exec /bin/foreign: exec format error")
        );
    }
}

pub fn a_working_directory_that_is_a_file(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "true");
    config.cwd = "/etc/passwd".into();
    let error = refused(&task, &config);
    assert_eq!(
        (error.kind, error.message.as_str()),
        (StartErrorKind::WorkingDirectory, "chdir to cwd (\"/etc/passwd\") set in config.json failed: not a directory")
    );
}

pub fn unknown_users(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "true");
    config.user = "stranger".into();
    let error = refused(&task, &config);
    assert_eq!(
        (error.kind, error.message.as_str()),
        (StartErrorKind::UnknownUser, "unable to find user stranger: no matching entries in passwd file")
    );
    config.user = "web:strangers".into();
    assert_eq!(refused(&task, &config).message, "unable to find group strangers: no matching entries in group file");
}

/// It may be a secret.
pub fn a_variables_value_is_not_shown(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "true");
    config.env.insert("PASSWORD".into(), "hunter2\0".into());
    let error = refused(&task, &config);
    assert!(error.message.contains("PASSWORD") && !error.message.contains("hunter2"), "{error}");
}

pub fn a_limit_beyond_the_hosts(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "true");
    config.rlimits = vec![Rlimit { name: "nofile".into(), soft: 1 << 40, hard: 1 << 40 }];
    let error = refused(&task, &config);
    assert_eq!(error.kind, StartErrorKind::Rlimit, "{error}");
    assert!(error.message.contains("nofile"), "{error}");
}

pub fn a_failed_start_leaves_nothing(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    refused(&task, &command(&task, "main", &["nothing"]));
    assert_eq!(fs::read_dir(task.dir.join("containers")).unwrap().count(), 0);
    assert!(task.sandbox().state().unwrap().containers.is_empty());
    assert_eq!(task.run_as(task.script("main", "echo again")).1, "again\n");
}
