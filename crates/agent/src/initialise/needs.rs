//! Which tasks need anything. Pure.

use spec::TaskSpec;

/// Whether a task needs anything of AWS's services before its containers may begin.
pub(crate) fn needed(task: &TaskSpec) -> bool {
    let of_proxy = task.connect.as_ref().is_some_and(|connect| connect.log.is_some());
    of_proxy
        || task.containers.iter().any(|container| {
            container.log.is_some()
                || !container.secrets.is_empty()
                || container.repository_credentials.is_some()
                || registry(&container.image).is_some()
        })
}

/// The registry of Amazon ECR that an image is in, such as `123456789012.dkr.ecr.us-east-1.amazonaws.com`.
pub(crate) fn registry(image: &str) -> Option<&str> {
    let (registry, _) = image.split_once('/')?;
    let (account, rest) = registry.split_once(".dkr.ecr.")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let region = rest.strip_suffix(".amazonaws.com")?;
    (is_account && !region.is_empty() && !region.contains('.')).then_some(registry)
}

#[cfg(test)]
mod tests {
    use super::registry;

    #[test]
    fn an_image_in_ecr_is_known_by_its_name() {
        let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        assert_eq!(registry(&format!("{host}/web/app:1")), Some(host));
        for other in [
            "nginx",
            "public.ecr.aws/docker/library/nginx",
            "123.dkr.ecr.us-east-1.amazonaws.com/x",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example/x",
            "123456789012.dkr.ecr.a.b.amazonaws.com/x",
            "x/123456789012.dkr.ecr.us-east-1.amazonaws.com/x",
        ] {
            assert_eq!(registry(other), None, "{other}");
        }
    }
}
