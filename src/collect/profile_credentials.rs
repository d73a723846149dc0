//! Credentials of a named profile, with the semantics of `--profile` in the AWS CLI: credentials in the environment do not
//! replace it, and an unknown name is an error.

use std::path::PathBuf;

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_iam::config::SharedCredentialsProvider;

/// The credentials of a profile or, if it defines none, of the container or instance.
pub(super) fn build_profile_credentials(profile: &str, config: &SdkConfig) -> SharedCredentialsProvider {
    let mut machine_config = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack());
    if let Some(client) = config.http_client() {
        machine_config = machine_config.with_http_client(client);
    }
    let provider = ProfileFileCredentialsProvider::builder().configure(&machine_config).profile_name(profile).build();
    let profile = NamedProfileProvider { name: profile.to_owned(), provider };
    let chain = CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&machine_config).build())
        .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&machine_config).build());
    SharedCredentialsProvider::new(chain)
}

#[derive(Debug)]
struct NamedProfileProvider {
    name: String,
    provider: ProfileFileCredentialsProvider,
}

impl ProvideCredentials for NamedProfileProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.provider.provide_credentials().await.map_err(|error| match &error {
                // A profile without credentials has no cause, and the container or instance can supply them. A cause means
                // that the profile is not valid; other credentials would then be a surprise.
                CredentialsError::CredentialsNotLoaded(_) => match std::error::Error::source(&error) {
                    Some(cause) => CredentialsError::invalid_configuration(cause.to_string()),
                    None if !has_profile_file() => {
                        CredentialsError::invalid_configuration(format!("no profile is named `{}`", self.name))
                    }
                    None => error,
                },
                _ => error,
            })
        })
    }
}

/// Whether a profile file exists and is not empty. Without one, the SDK reports every name as a profile without
/// credentials.
fn has_profile_file() -> bool {
    let file = |variable: &str, name: &str| match std::env::var_os(variable) {
        Some(path) => Some(PathBuf::from(path)),
        None => std::env::home_dir().map(|home| home.join(".aws").join(name)),
    };
    let files = [file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    files.into_iter().flatten().any(|path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0))
}
