//! What is shown, one file a chapter, in the order of the list. Each proves something, which becomes a line of the table.

mod copies;
mod gateways;
mod images;
mod internet;
mod matrix;
mod neighbours;
mod network;
mod no_way;
mod nothing_left;
mod other_vpcs;
mod page;
mod private_way;
mod role;
mod run_task;
mod scaling;
mod services;
mod situations;
mod stop_task;
mod task_definition;

use super::story::Story;
use crate::cli::Failure;

/// A part of the story.
struct Chapter {
    title: &'static str,
    tell: fn(&mut Story) -> Result<(), Failure>,
}

const CHAPTERS: [Chapter; 18] = [
    Chapter { title: "Two images, pushed to Amazon ECR", tell: images::tell },
    Chapter { title: "An execution role", tell: role::tell },
    Chapter { title: "A task definition with two containers", tell: task_definition::tell },
    Chapter { title: "A security group in the default VPC", tell: network::tell },
    Chapter { title: "The task runs, with a network interface of its own", tell: run_task::tell },
    Chapter { title: "The page that web makes of what api says", tell: page::tell },
    Chapter { title: "Two more copies, with the same ports", tell: copies::tell },
    Chapter { title: "From one task to another, through the security group", tell: neighbours::tell },
    Chapter { title: "A task is stopped", tell: stop_task::tell },
    Chapter { title: "A VPC with an internet gateway and a NAT gateway", tell: gateways::tell },
    Chapter { title: "Without a way to Amazon ECR a task does not start, and endpoints are one", tell: no_way::tell },
    Chapter { title: "A second VPC with the same addresses, and a third one that is peered", tell: other_vpcs::tell },
    Chapter {
        title: "Tasks in the four situations of external networking, and in the other VPCs",
        tell: situations::tell,
    },
    Chapter { title: "Who reaches whom: measured, and explained", tell: matrix::tell },
    Chapter { title: "Neighbours speak without leaving the VPC", tell: private_way::tell },
    Chapter { title: "Whom the internet sees, and who sees AWS", tell: internet::tell },
    Chapter { title: "Two services behind load balancers, and no request is lost", tell: services::tell },
    Chapter { title: "A service follows its load by itself", tell: scaling::tell },
];
/// Told also when a chapter before it failed.
const END: Chapter = Chapter { title: "Nothing is left behind", tell: nothing_left::tell };

/// Tells all of it; after a failure only the end.
pub fn tell(story: &mut Story) {
    let url = story.region.url.clone();
    story.screen.say(&format!("A region runs at {url}: `neargate up`, on a free port and in a directory of its own."));
    for (index, chapter) in CHAPTERS.iter().enumerate() {
        if !one(story, index + 1, chapter) {
            break;
        }
    }
    if !story.keep {
        one(story, CHAPTERS.len() + 1, &END);
    }
}

fn one(story: &mut Story, number: usize, chapter: &Chapter) -> bool {
    story.screen.heading(number, chapter.title);
    match (chapter.tell)(story) {
        Ok(()) => true,
        Err(failure) => {
            story.fail(chapter.title, failure);
            false
        }
    }
}
