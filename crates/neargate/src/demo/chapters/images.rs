//! Images made of neargate's own program, which is linked statically and needs nothing else in an image.

use crate::{cli::Failure, demo::story::Story};
use images::{
    build::{File, ImageBuilder},
    compression::Compression,
    platform::Platform,
};
use std::{fs, io::BufWriter};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story
        .screen
        .say("Each holds one file, neargate's own program, and the arguments it starts with. No registry is needed.");
    let program = fs::read(&story.region.program)?;
    for part in ["web", "api"] {
        let archive = story.region.file(&format!("{part}.tar"));
        let image = ImageBuilder::new(Platform::host())
            .name(&format!("myapp-{part}:latest"))
            .compression(Compression::Zstd)
            .layer([File::regular("neargate", 0o755, program.clone())])
            .entrypoint(&["/neargate", "demo-app", part]);
        image.write(BufWriter::new(fs::File::create(&archive)?))?;
        let done = story.neargate(&["image", "load", &archive.to_string_lossy()])?;
        story.screen.output(if done.success { &done.output } else { &done.error });
        story.prove(&format!("an image is loaded from an archive: myapp-{part}"), done.success, &done.error);
    }
    Ok(())
}
