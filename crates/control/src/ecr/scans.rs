//! Scans of images. No image is scanned here, and no finding made up: AWS's own answers for an image that it can't scan and for one
//! that was not scanned are given instead.

use super::{
    faults::{place, shown},
    images, repositories,
};
use crate::View;
use aws::{
    api::ecr::{
        DescribeImageScanFindingsRequest, DescribeImageScanFindingsResponse, StartImageScanRequest,
        StartImageScanResponse,
    },
    fault::Fault,
};

/// StartImageScan.
pub(super) fn start(view: &View<'_>, request: StartImageScanRequest) -> Result<StartImageScanResponse, Fault> {
    let StartImageScanRequest { registry_id, repository_name: name, image_id } = request;
    repositories::find(view.state, registry_id.as_deref(), &name)?;
    images::find(view.state, &name, &image_id)?;
    Err(Fault::new("UnsupportedImageTypeException", "The image is of a type that cannot be scanned."))
}

/// DescribeImageScanFindings.
pub(super) fn findings(
    view: &View<'_>,
    request: DescribeImageScanFindingsRequest,
) -> Result<DescribeImageScanFindingsResponse, Fault> {
    let DescribeImageScanFindingsRequest {
        registry_id,
        repository_name: name,
        image_id,
        next_token: _,
        max_results: _,
    } = request;
    repositories::find(view.state, registry_id.as_deref(), &name)?;
    images::find(view.state, &name, &image_id)?;
    let place = place(view.state, &name);
    let message = format!("Image scan does not exist for the image with '{}' in the {place}", shown(&image_id));
    Err(Fault::new("ScanNotFoundException", message))
}
