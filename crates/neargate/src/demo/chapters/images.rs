//! Images made of neargate's own program, which is linked statically and needs nothing else in an image, pushed to Amazon ECR.

use crate::{cli::Failure, demo::story::Story};
use base64::{Engine, engine::general_purpose::STANDARD};
use images::{
    build::{File, ImageBuilder},
    compression::Compression,
    platform::Platform,
};
use serde_json::Value;
use std::{fs, io::BufWriter};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("Each holds one file, neargate's own program, and the arguments it starts with. skopeo pushes them to the region's ECR, at");
    story.screen.say("the address of the region; tasks will pull them by the names that ECR has in their networks.");
    let token = story.aws(&["ecr", "get-authorization-token", "--query", "authorizationData[0].authorizationToken"])?;
    let login = token.as_str().and_then(|token| String::from_utf8(STANDARD.decode(token).ok()?).ok());
    let login = login.ok_or_else(|| Failure("Amazon ECR answered without a token".to_owned()))?;
    let address = story.region.url.trim_start_matches("http://").to_owned();
    let program = fs::read(&story.region.program)?;
    for part in ["web", "api"] {
        let (name, archive) = (format!("myapp-{part}"), story.region.file(&format!("{part}.tar")));
        let image = ImageBuilder::new(Platform::host())
            .name(&format!("{name}:latest"))
            .compression(Compression::Zstd)
            .layer([File::regular("neargate", 0o755, program.clone())])
            .entrypoint(&["/neargate", "demo-app", part]);
        image.write(BufWriter::new(fs::File::create(&archive)?))?;
        let query = "repository.repositoryUri";
        let made = story.aws(&["ecr", "create-repository", "--repository-name", &name, "--query", query])?;
        story.screen.json(&made);
        let done = story.skopeo(
            &login,
            &format!("oci-archive:{}", archive.display()),
            &format!("docker://{address}/{name}:latest"),
        )?;
        let query = "imageDetails[].[imageTags[0], imageDigest]";
        let found: Value = story.aws(&["ecr", "describe-images", "--repository-name", &name, "--query", query])?;
        story.screen.json(&found);
        let held = done.success && found[0][0] == "latest";
        story.prove(
            &format!("an image is built and pushed to Amazon ECR: {name}"),
            held,
            &format!("{found} {}", done.error),
        );
    }
    Ok(())
}
