//! `CreateRepository`, `DeleteRepository`, `DescribeRepositories`, `PutImageTagMutability`, `PutImageScanningConfiguration`.

use super::{
    PAGE,
    faults::{self, bad_token, invalid, unsupported},
    images, tags,
};
use crate::{
    State, Tx, View,
    state::{EcrLayer, EcrRepository, Record},
};
use aws::{
    api::ecr::{
        CreateRepositoryRequest, CreateRepositoryResponse, DeleteRepositoryRequest, DeleteRepositoryResponse,
        DescribeRepositoriesRequest, DescribeRepositoriesResponse, EncryptionConfiguration, EncryptionType,
        ImageScanningConfiguration, ImageTagMutability, ImageTagMutabilityExclusionFilter,
        PutImageScanningConfigurationRequest, PutImageScanningConfigurationResponse, PutImageTagMutabilityRequest,
        PutImageTagMutabilityResponse, Repository,
    },
    fault::Fault,
    page::paginate,
};

/// "Amazon ECR service quotas": repositories of a region.
const MAX_REPOSITORIES: usize = 100_000;
/// Wildcards of a filter ("ImageTagMutabilityExclusionFilter").
const MAX_WILDCARDS: usize = 2;
/// Of the API's model.
const NAME: &str = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";

/// The repository of a request, which may name the registry it is in.
///
/// # Errors
/// `RepositoryNotFoundException` in AWS's words; there is no repository in another registry.
pub fn find<'a>(state: &'a State, registry_id: Option<&str>, name: &str) -> Result<&'a EcrRepository, Fault> {
    let registry = registry_id.unwrap_or(&state.region.account);
    let here = state.ecr_repositories.get(name).filter(|_| registry == state.region.account);
    here.ok_or_else(|| faults::no_repository(name, registry))
}

/// The host that images of this registry are pushed to and pulled from.
pub fn host(state: &State) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", state.region.account, state.region.name)
}

/// CreateRepository.
pub(super) fn create(tx: &mut Tx<'_>, request: CreateRepositoryRequest) -> Result<CreateRepositoryResponse, Fault> {
    let CreateRepositoryRequest {
        registry_id,
        repository_name: name,
        tags: given,
        image_tag_mutability,
        image_tag_mutability_exclusion_filters,
        image_scanning_configuration,
        encryption_configuration,
    } = request;
    own(&tx.state, registry_id.as_deref())?;
    if !is_name(&name) {
        return Err(invalid("repositoryName", format_args!("must satisfy regular expression '{NAME}'")));
    }
    encryption(encryption_configuration)?;
    let mutability = image_tag_mutability.unwrap_or(ImageTagMutability::Mutable);
    let exclusions = exclusions(mutability, image_tag_mutability_exclusion_filters)?;
    let mut tags = super::tags::Tags::new();
    tags::add(&mut tags, given.unwrap_or_default())?;
    if tx.state.ecr_repositories.contains(&name) {
        let account = &tx.state.region.account;
        let message = format!("The repository with name '{name}' already exists in the registry with id '{account}'");
        return Err(Fault::new("RepositoryAlreadyExistsException", message));
    }
    let repository = EcrRepository {
        mutability,
        exclusions,
        scan_on_push: image_scanning_configuration.and_then(|given| given.scan_on_push).unwrap_or(false),
        tags,
        ..plain(tx, name)
    };
    let shape = shape(&tx.state, &repository);
    put(tx, repository)?;
    Ok(CreateRepositoryResponse { repository: Some(shape) })
}

/// Makes the repository that a pull through the cache fills, unless it is there, with the settings that one has by default.
///
/// # Errors
/// `LimitExceededException`.
pub fn create_for_cache(tx: &mut Tx<'_>, name: &str) -> Result<(), Fault> {
    if tx.state.ecr_repositories.contains(name) {
        return Ok(());
    }
    let repository = plain(tx, name.to_owned());
    put(tx, repository)
}

fn plain(tx: &Tx<'_>, name: String) -> EcrRepository {
    EcrRepository {
        name,
        created: tx.now,
        mutability: ImageTagMutability::Mutable,
        exclusions: Vec::new(),
        scan_on_push: false,
        tags: super::tags::Tags::new(),
        policy: None,
        lifecycle: None,
        preview: None,
    }
}

fn put(tx: &mut Tx<'_>, repository: EcrRepository) -> Result<(), Fault> {
    if tx.state.ecr_repositories.len() >= MAX_REPOSITORIES {
        return Err(faults::limit("repositories", MAX_REPOSITORIES));
    }
    tx.state.ecr_repositories.put(repository);
    Ok(())
}

/// A registry that is not this one takes nothing.
pub(super) fn own(state: &State, registry_id: Option<&str>) -> Result<(), Fault> {
    match registry_id.filter(|id| *id != state.region.account) {
        Some(other) => {
            let message = format!("The registry with id '{other}' is not one of this account's.");
            Err(Fault::new("InvalidParameterException", message))
        }
        None => Ok(()),
    }
}

/// What the pattern of the API's model says: words of lower-case letters and digits, joined by `.`, `_`, `__` or hyphens, in
/// components joined by slashes.
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.split('/').all(|component| {
        component.starts_with(plain)
            && component.ends_with(plain)
            && component
                .split(plain)
                .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
    })
}

/// Images are stored as they are; AES256 is what AWS calls that, for all a client can tell.
fn encryption(given: Option<EncryptionConfiguration>) -> Result<(), Fault> {
    let Some(EncryptionConfiguration { encryption_type, kms_key }) = given else { return Ok(()) };
    match encryption_type {
        Some(EncryptionType::Kms | EncryptionType::KmsDsse) => {
            Err(unsupported(&format!("encryptionConfiguration.encryptionType {}", shown(encryption_type))))
        }
        Some(EncryptionType::Aes256) | None if kms_key.is_some() => {
            let why = "Invalid encryption configuration: Encryption key should not be set for AES256 encryption.";
            Err(invalid("encryptionConfiguration", why))
        }
        Some(EncryptionType::Aes256) | None => Ok(()),
    }
}

fn shown(kind: Option<EncryptionType>) -> &'static str {
    kind.map_or("", EncryptionType::as_str)
}

fn exclusions(
    mutability: ImageTagMutability,
    filters: Option<Vec<ImageTagMutabilityExclusionFilter>>,
) -> Result<Vec<ImageTagMutabilityExclusionFilter>, Fault> {
    const PARAMETER: &str = "imageTagMutabilityExclusionFilters";
    let excluding =
        matches!(mutability, ImageTagMutability::ImmutableWithExclusion | ImageTagMutability::MutableWithExclusion);
    let filters = match (excluding, filters) {
        (true, Some(filters)) => filters,
        (false, None) => return Ok(Vec::new()),
        (given, _) => {
            let wrong = if given { "can't be null" } else { "are not allowed" };
            let why =
                format!("ImageTagMutabilityExclusionFilters {wrong} when imageTagMutability is set as {mutability}");
            return Err(invalid(PARAMETER, why));
        }
    };
    for text in filters.iter().filter_map(|filter| filter.filter.as_deref()) {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte)) {
            return Err(invalid(PARAMETER, r"must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'"));
        }
        if text.matches('*').count() > MAX_WILDCARDS {
            return Err(invalid(PARAMETER, format_args!("'{text}' must not have more than {MAX_WILDCARDS} wildcards")));
        }
    }
    Ok(filters)
}

/// DeleteRepository. With `force` its images go with it.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteRepositoryRequest) -> Result<DeleteRepositoryResponse, Fault> {
    let DeleteRepositoryRequest { registry_id, repository_name: name, force } = request;
    let shape = shape(&tx.state, find(&tx.state, registry_id.as_deref(), &name)?);
    if force != Some(true) && images::of(&tx.state, &name).next().is_some() {
        let message = format!(
            "The repository with name '{name}' in registry with id '{}' cannot be deleted because it still contains images",
            tx.state.region.account
        );
        return Err(Fault::new("RepositoryNotEmptyException", message));
    }
    images::delete_all(tx, &name);
    let prefix = EcrLayer::key_of(&name, "");
    let layers: Vec<String> = tx.state.ecr_layers.prefixed(&prefix).map(Record::key).collect();
    for key in layers {
        tx.state.ecr_layers.remove(&key);
    }
    super::lifecycle::cancel(tx, &name);
    tx.state.ecr_repositories.remove(&name);
    Ok(DeleteRepositoryResponse { repository: Some(shape) })
}

/// DescribeRepositories.
pub(super) fn describe(
    view: &View<'_>,
    request: DescribeRepositoriesRequest,
) -> Result<DescribeRepositoriesResponse, Fault> {
    let DescribeRepositoriesRequest { registry_id, repository_names, next_token, max_results } = request;
    if let Some(names) = repository_names {
        if next_token.is_some() || max_results.is_some() {
            return Err(invalid("repositoryNames", "must not be specified with nextToken or maxResults"));
        }
        let found = names.iter().map(|name| find(view.state, registry_id.as_deref(), name));
        let repositories = found.map(|found| found.map(|one| shape(view.state, one))).collect::<Result<_, _>>()?;
        return Ok(DescribeRepositoriesResponse { repositories: Some(repositories), next_token: None });
    }
    own(view.state, registry_id.as_deref())?;
    let all = view.state.ecr_repositories.iter();
    let (page, next_token) =
        paginate(all, |one| one.name.clone(), max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let repositories = page.into_iter().map(|one| shape(view.state, one)).collect();
    Ok(DescribeRepositoriesResponse { repositories: Some(repositories), next_token })
}

/// The ARN of a repository.
pub(super) fn arn(state: &State, name: &str) -> String {
    state.region.arn("ecr", format_args!("repository/{name}"))
}

fn shape(state: &State, repository: &EcrRepository) -> Repository {
    let name = &repository.name;
    Repository {
        repository_arn: Some(arn(state, name)),
        registry_id: Some(state.region.account.clone()),
        repository_name: Some(name.clone()),
        repository_uri: Some(format!("{}/{name}", host(state))),
        created_at: Some(repository.created),
        image_tag_mutability: Some(repository.mutability),
        image_tag_mutability_exclusion_filters: excluded(&repository.exclusions),
        image_scanning_configuration: Some(scanning(repository.scan_on_push)),
        encryption_configuration: Some(EncryptionConfiguration {
            encryption_type: Some(EncryptionType::Aes256),
            kms_key: None,
        }),
    }
}

fn excluded(filters: &[ImageTagMutabilityExclusionFilter]) -> Option<Vec<ImageTagMutabilityExclusionFilter>> {
    Some(filters.to_vec()).filter(|filters| !filters.is_empty())
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration { scan_on_push: Some(on_push) }
}

/// PutImageTagMutability.
pub(super) fn put_mutability(
    tx: &mut Tx<'_>,
    request: PutImageTagMutabilityRequest,
) -> Result<PutImageTagMutabilityResponse, Fault> {
    let PutImageTagMutabilityRequest {
        registry_id,
        repository_name: name,
        image_tag_mutability: mutability,
        image_tag_mutability_exclusion_filters: filters,
    } = request;
    find(&tx.state, registry_id.as_deref(), &name)?;
    let exclusions = exclusions(mutability, filters)?;
    tx.state.ecr_repositories.update(&name, |repository| {
        (repository.mutability, repository.exclusions) = (mutability, exclusions.clone());
    });
    Ok(PutImageTagMutabilityResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        image_tag_mutability: Some(mutability),
        image_tag_mutability_exclusion_filters: excluded(&exclusions),
    })
}

/// PutImageScanningConfiguration.
pub(super) fn put_scanning(
    tx: &mut Tx<'_>,
    request: PutImageScanningConfigurationRequest,
) -> Result<PutImageScanningConfigurationResponse, Fault> {
    let PutImageScanningConfigurationRequest { registry_id, repository_name: name, image_scanning_configuration } =
        request;
    find(&tx.state, registry_id.as_deref(), &name)?;
    let on_push = image_scanning_configuration.scan_on_push.unwrap_or(false);
    tx.state.ecr_repositories.update(&name, |repository| repository.scan_on_push = on_push);
    Ok(PutImageScanningConfigurationResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        image_scanning_configuration: Some(scanning(on_push)),
    })
}
