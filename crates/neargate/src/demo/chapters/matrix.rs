//! Every place asks every other one, with packets, and the model is asked the same.

use crate::{
    cli::{Failure, explain, region::Placed},
    demo::story::{Found, Story},
};
use serde_json::Value;
use std::thread;
use vpc::Topology;

/// Seconds within which a connection is made, or the packets count as dropped.
const PATIENCE: &str = "2";
/// Where the host on the internet serves.
pub(super) const HOST: &str = "203.0.113.10:8000";
/// What it answers with.
pub(super) const INTERNET: &str = "internet";

/// Whom somebody asks.
pub(super) struct Target {
    /// What it is called, in two lines.
    pub(super) title: [&'static str; 2],
    /// Where it is, as curl takes it.
    pub(super) address: String,
    /// The same as `neargate explain` takes it.
    pub(super) aim: String,
    /// Who has to answer; anybody where that can't be told.
    pub(super) who: Option<&'static str>,
}

/// Whether somebody reaches a target.
pub(super) struct Cell {
    pub(super) measured: bool,
    pub(super) explained: bool,
}

/// The answers of one who asks.
struct Row {
    name: &'static str,
    words: &'static str,
    vantage: String,
    cells: Vec<Cell>,
}

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let program = story.region.program.display().to_string();
    let server = [program.as_str(), "demo-app", "whoami", INTERNET, "--listen", HOST];
    story.screen.say("A host on the internet runs `whoami` too.");
    story.screen.command(&format!("neargate from internet -- neargate {}", server[1..].join(" ")));
    story.region.visit("internet", &server)?;
    let page = format!("http://{HOST}/");
    let ask = ["from", "internet", "--", "curl", "--silent", "--show-error", "--fail", &page];
    story.until(&page, || {
        let done = story.neargate_quietly(&ask)?;
        Ok(if done.success { Ok(()) } else { Err(done.error) })
    })?;
    story.screen.say("Each of them, and the internet, connects to each target: `neargate from X -- curl TARGET`. The model that the kernel's rules");
    story.screen.say("are made from is asked the same: `neargate explain X TARGET`.");
    let targets = targets(&story.found)?;
    let rows = measure(story, &targets)?;
    table(story, &rows, &targets);
    agree(story, &rows, &targets);
    situations(story, &rows);
    why(story)
}

fn targets(found: &Found) -> Result<[Target; 8], Failure> {
    let (vpc, peered) = (&found.networks.vpc, &found.networks.peered);
    let public_ip = found.resident("public")?.public.clone().unwrap_or_default();
    let outside = |title, address: &str, who| {
        let (address, aim) = (address.to_owned(), address.to_owned());
        Target { title, address, aim, who }
    };
    let inside = |title, vpc: &str, name| {
        let address = format!("{}:80", found.resident(name)?.address);
        Ok::<_, Failure>(Target { title, aim: format!("{vpc}/{address}"), address, who: Some(name) })
    };
    let service = |title, name: &str| Target {
        title,
        address: format!("{name}.us-east-1.amazonaws.com:80"),
        aim: format!("{name}:80"),
        who: None,
    };
    Ok([
        outside(["internet", "host"], HOST, Some(INTERNET)),
        outside(["public's", "public IP"], &format!("{public_ip}:80"), Some("public")),
        inside(["public's", "address"], vpc, "public")?,
        inside(["private's", "address"], vpc, "private")?,
        outside(["NAT's", "public IP"], &format!("{}:80", found.networks.nat_address), None),
        service(["AWS's", "logs"], "logs"),
        service(["AWS's", "s3"], "s3"),
        inside(["peered's", "address"], peered, "peered")?,
    ])
}

/// All of it at once: what is dropped is waited for, and that takes no longer for many than for one.
fn measure(story: &Story, targets: &[Target]) -> Result<Vec<Row>, Failure> {
    let region = crate::cli::region::Region::new(story.region.data_dir());
    let (topology, tasks) = crate::cli::runtime()?
        .block_on(async { Ok::<_, Failure>((region.topology().await?, region.tasks().await?)) })?;
    let residents = story.found.residents.iter();
    let residents = residents.map(|one| (one.name, one.words, one.vantage.clone()));
    let places = [(INTERNET, "a host anywhere", "internet".to_owned())].into_iter().chain(residents);
    thread::scope(|scope| {
        let asking: Vec<_> = places
            .map(|(name, words, vantage)| {
                let ask = |target| {
                    let vantage = vantage.clone();
                    let (topology, tasks) = (&topology, &tasks);
                    scope.spawn(move || cell(story, topology, tasks, &vantage, target))
                };
                let cells: Vec<_> = targets.iter().map(ask).collect();
                (name, words, vantage, cells)
            })
            .collect();
        let row = |(name, words, vantage, cells): (_, _, _, Vec<thread::ScopedJoinHandle<_>>)| {
            let joined = cells
                .into_iter()
                .map(|cell| cell.join().unwrap_or_else(|_| Err(Failure("a thread that asks ended".to_owned()))));
            Ok(Row { name, words, vantage, cells: joined.collect::<Result<_, _>>()? })
        };
        asking.into_iter().map(row).collect()
    })
}

/// Asks a target from a place, and the model whether that gets there.
pub(super) fn cell(
    story: &Story,
    topology: &Topology,
    tasks: &[Placed],
    vantage: &str,
    target: &Target,
) -> Result<Cell, Failure> {
    let url = format!("http://{}/", target.address);
    let done = story.neargate_quietly(&[
        "from",
        vantage,
        "--",
        "curl",
        "--silent",
        "--connect-timeout",
        PATIENCE,
        "--max-time",
        "5",
        &url,
    ])?;
    let said: Value = serde_json::from_str(&done.output).unwrap_or_default();
    // Who answers counts: the twin's neighbours have the first VPC's addresses.
    let measured = done.success && target.who.is_none_or(|who| said["name"] == who);
    Ok(Cell { measured, explained: explain::reaches(topology, tasks, vantage, &target.aim)? })
}

fn table(story: &Story, rows: &[Row], targets: &[Target]) {
    let line = |first: &str, cells: Vec<&str>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>10}")).collect();
        story.screen.output(&format!("{first:37}{cells}"));
    };
    for half in 0..2 {
        line(if half == 0 { "from \\ to" } else { "" }, targets.iter().map(|target| target.title[half]).collect());
    }
    for row in rows {
        let marks = row.cells.iter().map(|cell| match (cell.measured, cell.explained) {
            (true, true) => "✓ ✓",
            (false, false) => "✗ ✗",
            (true, false) => "✓!✗",
            (false, true) => "✗!✓",
        });
        line(&format!("{:9} {}", row.name, row.words), marks.collect());
    }
    story.screen.say("The first mark is what was measured, the second what the model says.");
}

fn agree(story: &mut Story, rows: &[Row], targets: &[Target]) {
    let cells =
        || rows.iter().flat_map(|row| row.cells.iter().zip(targets).map(move |(cell, target)| (row, cell, target)));
    let wrong: Vec<String> = cells()
        .filter(|(_, cell, _)| cell.measured != cell.explained)
        .map(|(row, cell, target)| {
            let words = |reached| if reached { "reached" } else { "not reached" };
            format!(
                "{} to {}: {}, explained as {}: neargate explain {} {}",
                row.name,
                target.address,
                words(cell.measured),
                words(cell.explained),
                row.vantage,
                target.aim
            )
        })
        .collect();
    let claim = format!("the kernel and the model agree on all {} pairs", cells().count());
    story.prove(&claim, wrong.is_empty(), &wrong.join("; "));
}

/// What each situation is known for. The numbers are of targets: 0 the internet, 1 and 2 the public task, 3 the private one, 4 the
/// NAT gateway, 5 and 6 AWS's services, 7 the peered task.
fn situations(story: &mut Story, rows: &[Row]) {
    let claims: [(&str, &str, [u8; 8]); 7] = [
        (
            "internet",
            "the internet reaches a public IP and AWS, and no private address or NAT gateway",
            [1, 1, 0, 0, 0, 1, 1, 0],
        ),
        ("public", "public subnet, public IP: out to the internet, and reached from it", [1, 1, 1, 1, 0, 1, 1, 1]),
        (
            "private",
            "private subnet, NAT gateway: out to the internet, never reached from it",
            [1, 1, 1, 1, 0, 1, 1, 1],
        ),
        ("isolated", "isolated subnet: AWS's logs and s3 through endpoints, and no internet", [0, 0, 1, 1, 0, 1, 1, 1]),
        ("bare", "public subnet without a public IP: no way out, not even to s3", [0, 0, 1, 1, 0, 1, 0, 1]),
        ("twin", "a VPC of the same range reaches nothing of the first one, and no internet", [0; 8]),
        (
            "peered",
            "a peered VPC reaches private addresses, and no gateway or endpoint of its peer",
            [0, 0, 1, 1, 0, 0, 0, 1],
        ),
    ];
    for (name, claim, expected) in claims {
        let Some(row) = rows.iter().find(|row| row.name == name) else { continue };
        let measured: Vec<u8> = row.cells.iter().map(|cell| u8::from(cell.measured)).collect();
        story.prove(claim, measured == expected, &format!("{measured:?} where {expected:?} is right"));
    }
}

/// The trap among the four, explained.
fn why(story: &mut Story) -> Result<(), Failure> {
    let bare = story.found.resident("bare")?.vantage.clone();
    let explained = story.neargate(&["explain", &bare, "internet:8000"])?;
    story.screen.output(&explained.output);
    let named = !explained.success && explained.output.contains("has no public address");
    story.prove(
        "explain says why: the internet gateway carries nothing without a public address",
        named,
        &explained.output,
    );
    Ok(())
}
