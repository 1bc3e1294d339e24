//! What AWS CloudFormation needs of what the server keeps: templates that calls and stacks name by URL, and buckets that come and go with
//! stacks.

use crate::app::{App, blocking};
use crate::{errands, http, s3};
use aws::api::{Api, cloudformation, ecs};
use aws::doc::Doc;
use aws::fault::Fault;
use control::Caller;
use control::cloudformation::{self as stacks, Errand};
use std::sync::Arc;

/// "CloudFormation quotas": a template in a request, and one in Amazon S3, in bytes.
const IN_REQUEST: usize = 51_200;
const IN_S3: u64 = 1_048_576;
/// Members of requests that name a document by its URL, and those that have the document itself.
const BY_URL: [(&str, &str); 3] = [
    ("TemplateURL", "TemplateBody"),
    ("StackPolicyURL", "StackPolicyBody"),
    ("StackPolicyDuringUpdateURL", "StackPolicyDuringUpdateBody"),
];

/// What the paths of [`operation`] begin with.
pub(crate) const ROUTE: &str = "/_neargate/cloudformation/";

/// `POST /_neargate/cloudformation/OPERATION`: an operation of CloudFormation, asked and answered in JSON, for `neargate deploy`. A template
/// may be as long as one in Amazon S3, where an AWS client would have to put it first.
///
/// # Errors
/// The operation's refusal; `NotImplemented` for what is none; `ValidationError`: the template is too long.
pub(crate) async fn operation(app: Arc<App>, name: &str, body: http::Received) -> Result<Doc, Fault> {
    let api = &cloudformation::API;
    let operation = api.operations.iter().find(|operation| **operation == name);
    let operation = *operation.ok_or_else(|| Fault::not_implemented(name))?;
    // Every API's body is the same tree: JSON is what the command line writes it in.
    let mut input = ecs::API.parse(&body.bytes)?;
    if let Ok(template) = input.take("TemplateBody").text() {
        if template.len() as u64 > IN_S3 {
            return Err(too_long());
        }
        input.set_text("TemplateBody", template);
    }
    http::aws::decided(app, Caller::default(), api, operation, input, body.room).await
}

fn too_long() -> Fault {
    invalid(format!("Template may not exceed {IN_S3} bytes in size."))
}

/// A request of CloudFormation with its documents in place of their URLs; those of other services as they are.
///
/// # Errors
/// `ValidationError`: a document is too long, is not there, or both it and its URL are given.
pub(crate) async fn with_documents(app: &Arc<App>, api: &Api, mut input: Doc) -> Result<Doc, Fault> {
    if api.service != "cloudformation" {
        return Ok(input);
    }
    for (by_url, itself) in BY_URL {
        let (url, body) = (input.take(by_url).text().ok(), input.take(itself).text().ok());
        let document = match (url, body) {
            (None, None) => continue,
            (Some(_), Some(_)) => {
                return Err(invalid(format!("You cannot specify both {itself} and {by_url}.")));
            }
            (None, Some(body)) if body.len() > IN_REQUEST => {
                return Err(invalid(format!(
                    "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must have length less than or equal to \
                     {IN_REQUEST}",
                    itself.replacen('T', "t", 1)
                )));
            }
            (None, Some(body)) => body,
            (Some(url), None) => fetch(app, url).await?,
        };
        input.set_text(itself, document);
    }
    Ok(input)
}

/// A document at a URL.
async fn fetch(app: &Arc<App>, url: String) -> Result<String, Fault> {
    let shared = app.clone();
    let read = blocking(move || s3::read(&shared, &url, IN_S3)).await;
    let bytes = read.map_err(|fault| match &*fault.code {
        "ValidationError" | "InternalFailure" => fault,
        "EntityTooLarge" => too_long(),
        _ => invalid(format!(
            "S3 error: {}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
            fault.message
        )),
    })?;
    String::from_utf8(bytes).map_err(|_| invalid("Template format error: unsupported structure.".to_owned()))
}

fn invalid(message: String) -> Fault {
    Fault::new("ValidationError", message)
}

/// Runs the errands of stacks, until it is aborted.
pub(crate) async fn run_errands(app: Arc<App>) {
    errands::run(app, "an errand of a stack", stacks::errands, errand).await;
}

/// Runs one, and says what came of it.
async fn errand(app: Arc<App>, errand: Errand) -> Result<(), Fault> {
    let outcome = run(&app, &errand).await.map_err(|fault| fault.message);
    app.core.run(Caller::default(), move |tx| stacks::done(tx, &errand, outcome)).await
}

async fn run(app: &Arc<App>, errand: &Errand) -> Result<String, Fault> {
    match errand {
        Errand::Template { url, .. } => fetch(app, url.clone()).await,
        Errand::NewBucket { name } => {
            let (shared, name) = (app.clone(), name.clone());
            blocking(move || s3::make_room(&shared, &name)).await.map(|()| String::new())
        }
        Errand::Bucket { name, .. } => {
            s3::remove_bucket(app, Caller::default(), name.clone()).await.map(|()| String::new())
        }
    }
}
