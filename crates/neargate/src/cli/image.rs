//! `neargate image`: images without a registry.

mod upload;

use super::{DataDir, Failure, Output, region::Region};
use agent::client::bytes;
use bytes::Bytes;
use clap::{Args, Subcommand};
use http::Method;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use upload::Upload;

const EXAMPLES: &str = "\
Examples:
  docker save nginx | neargate image load -
  neargate image load nginx.tar --as public.ecr.aws/nginx/nginx:latest
  neargate image list
  neargate image remove nginx

An image is found by the name a task definition would pull it by: nginx, nginx:latest and \
docker.io/library/nginx:latest are the same. Archives are what `docker save` writes or OCI image layouts, plain or \
compressed with gzip or zstd.";

/// Where images are loaded, listed and removed.
const IMAGES: &str = "/_neargate/images";

/// Put container images where tasks find them, without a registry.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Image {
    #[command(flatten)]
    data_dir: DataDir,
    /// How to print.
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Output,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Load images from archives.
    #[command(after_help = EXAMPLES)]
    Load {
        /// Files that `docker save` wrote, or OCI image layouts; `-` is standard input.
        #[arg(required = true, value_name = "TAR")]
        archives: Vec<PathBuf>,
        /// The name tasks find the image by, instead of the names in the archive, which must hold one image then.
        #[arg(long = "as", value_name = "NAME")]
        name: Option<String>,
    },
    /// List the images there are.
    List,
    /// Remove an image. Tasks that run from it go on.
    Remove {
        /// A name as `image list` shows it, or a short form of it.
        name: String,
    },
}

/// An image and its name.
#[derive(Debug, Deserialize, Serialize)]
struct Named {
    name: String,
    digest: String,
    layers: u64,
    bytes: u64,
}

#[derive(Deserialize)]
struct Answer {
    images: Vec<Named>,
}

impl Image {
    /// Does what was asked.
    pub fn run(self) -> Result<(), Failure> {
        let region = self.data_dir.region()?;
        let runtime = super::runtime()?;
        match self.what {
            What::Load { archives, name } => {
                if name.is_some() && archives.len() > 1 {
                    return Err(Failure("--as gives one image its name, so load one archive at a time".to_owned()));
                }
                for archive in &archives {
                    let loaded = runtime.block_on(load(&region, archive, name.as_deref()))?;
                    self.output.show(&loaded, |image| format!("Loaded {}  {}", image.name, image.digest))?;
                }
                Ok(())
            }
            What::List => {
                let all: Answer = runtime.block_on(region.get(IMAGES))?;
                self.output.show(&all.images, |image| {
                    format!("{}  {}  {} MB", image.name, image.digest, image.bytes.div_ceil(1_000_000))
                })
            }
            What::Remove { name } => {
                runtime.block_on(region.send(Method::DELETE, &query("name", &name), &[], bytes(Bytes::new())))?;
                self.output.show(&[name], |name| format!("Removed {name}"))
            }
        }
    }
}

async fn load(region: &Region, archive: &Path, name: Option<&str>) -> Result<Vec<Named>, Failure> {
    let source = if archive == Path::new("-") { "standard input".to_owned() } else { archive.display().to_string() };
    let named = |Failure(why)| Failure(format!("loading {source}: {why}"));
    let upload = Upload::begin(archive).map_err(named)?;
    let unreadable = upload.unreadable();
    let path = name.map_or_else(|| IMAGES.to_owned(), |name| query("as", name));
    let answer = region.send(Method::POST, &path, &[("content-type", "application/x-tar")], upload.body).await;
    let answer = answer.map_err(|failure| named(unreadable.get().map_or(failure, Failure::from)))?;
    Ok(serde_json::from_value::<Answer>(answer)?.images)
}

fn query(name: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{IMAGES}?{query}")
}

impl Output {
    fn show<T: Serialize>(self, all: &[T], line: impl Fn(&T) -> String) -> Result<(), Failure> {
        match self {
            Self::Json => println!("{}", serde_json::to_string_pretty(all)?),
            Self::Text => all.iter().for_each(|one| println!("{}", line(one))),
        }
        Ok(())
    }
}
