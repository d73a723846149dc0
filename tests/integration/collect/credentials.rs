//! Credentials, profiles, regions and endpoints are taken as the AWS CLI takes them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::answers::{Account, Aws, CALLER, role};
use super::server::{Answer, Request, Server};
use super::{command, ended, run};

const CONFIG: &str = "\
[profile static]
region = eu-west-1
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = secret
[profile assumed]
role_arn = arn:aws:iam::999988887777:role/auditor
source_profile = static
external_id = of-the-profile
region = eu-west-1
[profile region-alone]
region = eu-west-1
[profile fips]
use_fips_endpoint = true
region = us-east-2
[profile china]
region = cn-north-1
";

fn configured() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    std::fs::write(folder.path().join(".aws/config"), CONFIG).unwrap();
    folder
}

fn server() -> Server {
    let account = Account { roles: vec![role(CALLER, "one", &[], &[])], ..Account::default() };
    let aws = Aws::new(100).with(CALLER, account);
    Server::start(move |request, _| aws.answer(request))
}

/// Who signed the requests of one operation.
fn signers(server: &Server, name: &str) -> Vec<String> {
    server.seen().into_iter().filter(|request: &Request| request.name() == name).map(|request| request.key).collect()
}

#[test]
fn a_profile_that_is_named_goes_before_the_environment() {
    // The environment has credentials, those of AKIACALLER.
    for (arguments, key) in [
        (&["collect"][..], "AKIACALLER"),
        (&["collect", "--profile", "static"], "AKIAPROFILE"),
        (&["collect", "--profile", "assumed"], "ASIA999988887777"),
        (&["collect", "--profile", "static", "--role-arn", "arn:aws:iam::999988887777:role/r"], "ASIA999988887777"),
    ] {
        let (server, folder) = (server(), configured());
        assert_eq!(ended(&run(&server.url, folder.path(), arguments)), (0, String::new()), "{arguments:?}");
        assert_eq!(signers(&server, "sts:GetCallerIdentity"), [key], "{arguments:?}");
        let asking = server.seen().into_iter().find(|request| request.name() == "sts:AssumeRole");
        assert_eq!(asking.is_some(), key.starts_with("ASIA"));
        if let Some(asking) = asking {
            assert_eq!(asking.key, "AKIAPROFILE");
            let external = arguments.contains(&"assumed").then(|| "of-the-profile".to_owned());
            assert_eq!(asking.field("ExternalId"), external);
        }
    }
}

/// Else a mistyped name would collect with whatever credentials are at hand.
#[test]
fn a_profile_that_nobody_knows_or_that_has_no_credentials_is_refused() {
    for profile in ["nosuch", "region-alone"] {
        let (server, folder) = (server(), configured());
        let (status, told) = ended(&run(&server.url, folder.path(), &["collect", "--profile", profile]));
        assert_eq!(status, 2, "{told}");
        assert!(told.contains("`--profile`"), "{told}");
        insta::assert_snapshot!(format!("the_profile_{profile}"), told);
        assert_eq!(server.seen().len(), 0);
    }
}

#[test]
fn a_profile_is_refused_where_no_file_has_any() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let (status, told) = ended(&run(&server.url, folder.path(), &["collect", "--profile", "nosuch"]));
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("`nosuch`") && told.contains("`--profile`"), "{told}");
    insta::assert_snapshot!("a_profile_without_any_file", told);
    assert_eq!(server.seen().len(), 0);
}

/// The hosts that are asked, through a proxy that lets nobody through.
fn hosts(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let hosts = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&hosts);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            into.lock().unwrap().push(line.split(' ').nth(1).unwrap().to_owned());
            let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let mut command = command("", folder, environment);
    command.env_remove("AWS_ENDPOINT_URL").env("HTTPS_PROXY", proxy).arg("collect").args(arguments);
    let (status, told) = ended(&command.output().unwrap());
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("sts:GetCallerIdentity"), "{told}");
    assert!(!folder.join("snapshot").exists(), "nothing was read, and nothing is begun");
    let hosts = hosts.lock().unwrap();
    hosts.clone()
}

#[test]
fn regions_partitions_and_fips_decide_who_is_asked() {
    let folder = configured();
    const KEYS: [(&str, &str); 1] = [("AWS_MAX_ATTEMPTS", "1")];
    for (arguments, variable, host) in [
        (&[][..], None, "sts.us-east-1.amazonaws.com"),
        (&[], Some(("AWS_REGION", "eu-west-1")), "sts.eu-west-1.amazonaws.com"),
        (&["--region", "eu-north-1"], Some(("AWS_REGION", "eu-west-1")), "sts.eu-north-1.amazonaws.com"),
        (&["--region", "cn-northwest-1"], None, "sts.cn-northwest-1.amazonaws.com.cn"),
        (&[], Some(("AWS_PROFILE", "china")), "sts.cn-north-1.amazonaws.com.cn"),
        (&["--region", "us-gov-west-1"], None, "sts.us-gov-west-1.amazonaws.com"),
        (&[], Some(("AWS_USE_FIPS_ENDPOINT", "true")), "sts-fips.us-east-1.amazonaws.com"),
        (&[], Some(("AWS_PROFILE", "fips")), "sts-fips.us-east-2.amazonaws.com"),
    ] {
        let environment: Vec<_> = KEYS.into_iter().chain(variable).collect();
        assert_eq!(
            hosts(folder.path(), arguments, &environment),
            [format!("{host}:443")],
            "{arguments:?} {variable:?}"
        );
    }
}

/// Three is the SDK's own number: it counts all the same where it is asked for.
#[test]
fn the_number_of_attempts_is_as_the_environment_asks() {
    let folder = configured();
    for attempts in [2, 3] {
        let asked = hosts(folder.path(), &[], &[("AWS_MAX_ATTEMPTS", &attempts.to_string())]);
        assert_eq!(asked.len(), attempts);
    }
}

/// The caller's partition is that of the roles: nothing else tells it.
#[test]
fn member_roles_are_those_of_the_caller_s_partition() {
    const MEMBER: &str = "111122223333";
    let aws = Aws::new(100).with(MEMBER, Account::default());
    let server = Server::start(move |request, _| match aws.answer(request) {
        Answer::Whole { status, kind, body } if request.operation == "GetCallerIdentity" => {
            Answer::Whole { status, kind, body: body.replace("arn:aws:", "arn:aws-cn:") }
        }
        answer => answer,
    });
    let folder = configured();
    let arguments = ["collect", "--accounts", MEMBER, "--member-role", "audit/m", "--region", "cn-north-1"];
    assert_eq!(ended(&run(&server.url, folder.path(), &arguments)), (0, String::new()));
    let asked = server.seen().into_iter().find(|request| request.name() == "sts:AssumeRole").unwrap();
    assert_eq!(asked.field("RoleArn").unwrap(), format!("arn:aws-cn:iam::{MEMBER}:role/audit/m"));
    let manifest = std::fs::read_to_string(folder.path().join("snapshot/manifest.json")).unwrap();
    assert!(manifest.contains("\"Partition\": \"aws-cn\""), "{manifest}");
}
