//! A profile that was asked for by name, as the AWS CLI takes `--profile`: credentials that happen to be in the
//! environment do not take its place, and a name that no file knows is no profile without credentials.

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_iam::config::SharedCredentialsProvider;

/// The credentials of a profile; where it names none, those of the machine.
pub(super) fn credentials(profile: &str, config: &SdkConfig) -> SharedCredentialsProvider {
    let mut machine = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack());
    if let Some(client) = config.http_client() {
        machine = machine.with_http_client(client);
    }
    let profile = Named(ProfileFileCredentialsProvider::builder().configure(&machine).profile_name(profile).build());
    let chain = CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&machine).build())
        .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&machine).build());
    SharedCredentialsProvider::new(chain)
}

#[derive(Debug)]
struct Named(ProfileFileCredentialsProvider);

impl ProvideCredentials for Named {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.provide_credentials().await.map_err(|error| match &error {
                // A profile without credentials comes without a cause; with one, something is wrong with it, and the
                // credentials of the machine would be somebody else's.
                CredentialsError::CredentialsNotLoaded(_) => match std::error::Error::source(&error) {
                    Some(cause) => CredentialsError::invalid_configuration(cause.to_string()),
                    None => error,
                },
                _ => error,
            })
        })
    }
}
