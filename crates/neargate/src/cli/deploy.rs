//! `neargate deploy`: a CloudFormation template becomes a stack, by the operations that AWS clients call.

mod calls;
mod ending;
mod follow;
mod plan;
mod progress;
mod request;
mod screen;

use super::{DataDir, Failure};
use calls::{Calls, Stack};
use clap::Args;
use follow::{Began, Followed};
use plan::Step;
use request::{KeyValue, LONGEST, Wanted};
use screen::View;
use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};
use template::Template;

const EXAMPLES: &str = "\
Examples:
  neargate deploy network.yml                       # the stack is called network
  neargate deploy shop.yml --stack shop-test --param Image=nginx --param Count=2
  neargate deploy shop.yml --param Count=3          # other parameters keep the values they have
  neargate deploy shop.yml --watch > deploy.log     # a line for each event
  neargate deploy shop.yml --delete

CloudFormation's CreateStack or UpdateStack is called, and what follows is waited for. A stack whose creation was rolled back can only be \
deleted, so it is, and made anew. Templates may have up to 1 MiB; what they name beside them, such as nested templates, goes to a bucket \
with `aws cloudformation package` first. Whoever runs this on a machine of their own acknowledges what a template is capable of: \
CAPABILITY_IAM, CAPABILITY_NAMED_IAM and CAPABILITY_AUTO_EXPAND are given.

Exit codes: 0 when the stack is what the template says (or deleted), 1 when that failed, 2 when it could not be begun: the template or a \
parameter is wrong, the region doesn't run. Ctrl-C ends the waiting with 130, and leaves the region at work.";

/// Deploy a CloudFormation template.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Deploy {
    #[command(flatten)]
    data_dir: DataDir,
    /// The template's file, in YAML or JSON.
    #[arg(value_name = "TEMPLATE", required_unless_present_all(["delete", "stack"]))]
    template: Option<PathBuf>,
    /// The stack's name; the file's without its ending if not given.
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// A parameter's value; again for each. Those not given keep what they have, or are the template's defaults.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    parameters: Vec<KeyValue>,
    /// A tag of the stack and of all its resources; again for each. If none is given, it keeps those it has.
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<KeyValue>,
    /// Show what goes on: a tree of resources on a terminal, where that is the default; a line for each event elsewhere.
    #[arg(long)]
    watch: bool,
    /// Leave what was made where it is when something fails.
    #[arg(long)]
    no_rollback: bool,
    /// Delete the stack.
    #[arg(long, conflicts_with_all = ["parameters", "tags", "no_rollback"])]
    delete: bool,
}

impl Deploy {
    /// Deploys it and waits; how it ended is the exit code.
    ///
    /// # Errors
    /// What keeps it from being begun.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let region = self.data_dir.region()?;
        let name = self.name()?;
        super::runtime()?.block_on(async {
            let calls = Calls::new(&region);
            if self.delete { self.delete(&calls, &name).await } else { self.deploy(&calls, &name).await }
        })
    }

    fn name(&self) -> Result<String, Failure> {
        match (&self.stack, &self.template) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(file)) => request::name_of(file),
            (None, None) => Err(Failure("which stack? Name it with --stack".to_owned())),
        }
    }

    async fn deploy(&self, calls: &Calls<'_>, name: &str) -> Result<ExitCode, Failure> {
        let file = self.template.as_deref().ok_or_else(|| Failure("which template?".to_owned()))?;
        let body = read(file)?;
        // One that can't be read is refused by the region, which says why.
        let template = Template::read(&body).ok();
        let mut known = calls.stack(name).await?;
        if let Some(stack) = known.take_if(|stack| plan::step(Some(stack)) == Step::DeleteFirst) {
            println!("{name} is in {}, from which it can only be deleted: it is made anew.", stack.status);
            let code = self.remove(calls, &stack).await?;
            if code != ExitCode::SUCCESS {
                return Ok(code);
            }
        }
        let wanted = Wanted {
            name,
            template: body,
            parameters: &self.parameters,
            tags: &self.tags,
            rolls_back: !self.no_rollback,
            kept: plan::kept_parameters(known.as_ref(), template.as_ref()),
        };
        let (operation, input) = wanted.call(known.is_some());
        let mut began = Began::of(calls, known.as_ref()).await?;
        match calls.change(operation, &input).await? {
            Some(id) => began.stack = id,
            None => {
                println!("No updates are to be performed: {name} is what {} says.", file.display());
                print!("{}", ending::outputs(&known.map(|stack| stack.outputs).unwrap_or_default()));
                return Ok(ExitCode::SUCCESS);
            }
        }
        if known.is_none() {
            began.expected = plan::expected(template.as_ref());
        }
        self.follow(calls, name, began).await
    }

    async fn delete(&self, calls: &Calls<'_>, name: &str) -> Result<ExitCode, Failure> {
        let Some(stack) = calls.stack(name).await? else {
            println!("There is no stack {name}.");
            return Ok(ExitCode::SUCCESS);
        };
        self.remove(calls, &stack).await
    }

    async fn remove(&self, calls: &Calls<'_>, stack: &Stack) -> Result<ExitCode, Failure> {
        let began = Began::of(calls, Some(stack)).await?;
        calls.delete(&stack.stack_id).await?;
        self.follow(calls, &stack.stack_name, began).await
    }

    /// Waits for the end and says what it was.
    async fn follow(&self, calls: &Calls<'_>, name: &str, began: Began) -> Result<ExitCode, Failure> {
        let mut view = View::new(self.watch, io::stdout().is_terminal());
        match follow::follow(calls, began, &mut view).await {
            Ok(Followed::Ended(stack, progress)) => {
                let ended = ending::of(&stack, &progress);
                print!("{}", ended.said);
                eprint!("{}", ended.complaint);
                Ok(if ended.succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Ok(Followed::Interrupted) => {
                eprintln!(
                    "neargate: {name} goes on without this command; see `aws cloudformation describe-stack-events --stack-name {name}`"
                );
                Ok(ExitCode::from(INTERRUPTED))
            }
            // It was begun, and goes on when the region does.
            Err(failure) => Ok(super::failed(failure)),
        }
    }
}

/// 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;

/// A template's text; the first byte too many is enough to have it refused.
fn read(file: &Path) -> Result<String, Failure> {
    let unreadable = |error: io::Error| Failure(format!("reading {}: {error}", file.display()));
    let mut text = String::new();
    let source = fs::File::open(file).map_err(unreadable)?;
    source.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}
