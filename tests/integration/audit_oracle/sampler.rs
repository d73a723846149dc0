//! Random requests of a principal, most of them near the borders of its policies.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::evaluator::condition::Condition;
use super::evaluator::decision::Owner;
use super::evaluator::policy::{Policy, Statement};
use super::evaluator::principal_element::Caller;
use super::evaluator::scalar::{parse_instant, parse_number};
use super::evaluator::world::{PrincipalKind, World};
use super::evaluator::{Context, Reading, Request, Value};
use super::facts;
use super::generator::conditions::Areas;
use super::generator::random::Dice;
use super::generator::services::{ACTIONS, Action, MEMBER, OUTSIDE, REGIONS, Shape, draw_resource, has_shape};
use super::manifest::Manifest;

/// Values of context keys that policies name, and resource patterns.
pub struct Pool<'a> {
    values: BTreeMap<&'a str, Vec<String>>,
    patterns: Vec<&'a str>,
    arns: Vec<String>,
}

impl<'a> Pool<'a> {
    pub fn collect(world: &'a World, manifest: &'a Manifest) -> Pool<'a> {
        let mut policies: Vec<&Policy> = Vec::new();
        for principal in &world.principals {
            policies.extend(principal.identity.iter().chain(&principal.boundary).chain(&principal.trust));
            if let Some(organization) = &world.organization {
                policies.extend(organization.list_service_controls(&principal.account).concat());
                policies.extend(organization.list_resource_controls(&principal.account).concat());
            }
        }
        policies.extend(world.resource_policies.iter().map(|resource| &resource.policy));
        policies.extend(manifest.list_policies());
        let statements: Vec<&Statement> = policies.iter().flat_map(|policy| &policy.statements).collect();
        let mut conditions: Vec<&Condition> = statements.iter().flat_map(|statement| &statement.conditions).collect();
        conditions.extend(manifest.list_conditions());
        let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for condition in conditions {
            let known = values.entry(condition.key.as_str()).or_default();
            if condition.operator != "Null" {
                known.extend(condition.values.iter().cloned());
            }
        }
        let patterns = statements.iter().flat_map(|statement| statement.resources.iter().flatten());
        Pool {
            values,
            patterns: patterns.map(String::as_str).collect(),
            arns: world.principals.iter().map(|principal| principal.arn.clone()).collect(),
        }
    }

    fn names(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The part of each key after a prefix.
    fn list_suffixes(&self, prefix: &str) -> Vec<&'a str> {
        self.values.keys().filter_map(|key| key.strip_prefix(prefix)).collect()
    }

    /// Draws a value near those that policies name.
    fn draw_value(&self, dice: &mut Dice, key: &str, context: &Context) -> String {
        let Some(values) = self.values.get(key).filter(|values| !values.is_empty()) else { return "zz".to_owned() };
        let value: &String = dice.pick(values);
        let value = fill_variables(value, context);
        if let Some(network) = find_network(&value) {
            return if dice.percent(65) { network.to_owned() } else { "203.0.113.9".to_owned() };
        }
        if parse_number(&value).is_some() && !value.is_empty() && value.len() < 5 {
            let number: f64 = value.parse().unwrap();
            return match dice.below(4) {
                0 => format!("{}", number - 1.0),
                1 => format!("{}", number + 1.0),
                _ => value,
            };
        }
        let is_typed = value.len() > 9 && is_instant(&value);
        if value == "true" || value == "false" {
            return if dice.percent(35) { (if value == "true" { "false" } else { "true" }).to_owned() } else { value };
        }
        let text = fill_wildcards(dice, &value);
        match dice.below(12) {
            _ if is_typed => text,
            0 => format!("{text}x"),
            1 => text.to_uppercase(),
            _ => text,
        }
    }
}

fn is_instant(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_digit() || "-:TZ".contains(c))
        && value.starts_with(|c: char| c.is_ascii_digit())
        && parse_instant(value).is_some()
}

/// The first address of a range. `None` if the text is no address and no range.
fn find_network(value: &str) -> Option<&str> {
    let network = value.split('/').next()?;
    network.parse::<IpAddr>().ok().map(|_| network)
}

/// Replaces variables with their values, unresolved ones with a word.
fn fill_variables(text: &str, context: &Context) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("${") {
        let (inner, after) = inner.split_once('}').unwrap_or((inner, ""));
        let key = inner.split(',').next().unwrap().to_lowercase();
        filled += before;
        filled += &match context.get(&key) {
            Some(value) => value.list().concat(),
            None => inner.split_once('\'').map_or("logs".to_owned(), |(_, default)| default.replace('\'', "")),
        };
        rest = after;
    }
    filled + rest
}

fn fill_wildcards(dice: &mut Dice, text: &str) -> String {
    let mut filled = String::new();
    for c in text.chars() {
        match c {
            '*' => filled += *dice.pick(&["", "x", "ab", "a", "team", "ci"]),
            '?' => filled += *dice.pick(&["q", "x", "1"]),
            c => filled.push(c),
        }
    }
    filled
}

/// Draws requests of one principal.
pub struct Sampler<'a> {
    pub world: &'a World,
    pub pool: &'a Pool<'a>,
    /// Statements that allow the principal something.
    grants: Vec<&'a Statement>,
    actions: Vec<&'static Action>,
}

impl<'a> Sampler<'a> {
    pub fn new(world: &'a World, pool: &'a Pool<'a>, caller: &Caller<'a>, areas: Areas<'_>) -> Sampler<'a> {
        let own = caller.principal.identity.iter().flat_map(|policy| &policy.statements);
        let resource = world.resource_policies.iter().flat_map(|resource| &resource.policy.statements);
        let resource = resource.filter(|statement| caller.find_naming(statement).is_some());
        let trust = world.principals.iter().filter_map(|role| role.trust.as_ref()).flat_map(|trust| &trust.statements);
        let trust = trust.filter(|statement| areas("assume-role") && caller.find_naming(statement).is_some());
        let grants = own.chain(resource).chain(trust).filter(|statement| statement.allows).collect();
        let is_wanted = |action: &&Action| action.service() != "sts" || areas("assume-role");
        Sampler { world, pool, grants, actions: ACTIONS.iter().filter(is_wanted).collect() }
    }

    /// Draws a request, and an account that can own its resource.
    pub fn draw(&self, dice: &mut Dice, caller: &Caller<'_>) -> (Request, Owner) {
        let grant = (!self.grants.is_empty() && dice.percent(93)).then(|| *dice.pick(&self.grants));
        let fits = |action: &&&Action| grant.is_none_or(|grant| grant.matches_action(action.name));
        let actions: Vec<&Action> = self.actions.iter().filter(fits).copied().collect();
        let action = *dice.pick(if actions.is_empty() { &self.actions } else { &actions });
        let facts = facts::list_principal_facts(self.world, caller);
        let resource = self.draw_resource(dice, action, grant, &facts);
        let owner = dice.pick(&self.world.list_owners(caller, &resource)).clone();
        let mut request = Request { action: action.name.to_owned(), resource, context: Context::new() };
        for _ in 0..6 {
            request.context = Context::new();
            self.draw_context(dice, caller, action, &mut request, &owner);
            let holds = |condition: &Condition| condition.holds(&request.context, Reading::default());
            if grant.is_none_or(|grant| grant.conditions.iter().all(holds)) {
                break;
            }
        }
        (request, owner)
    }

    fn draw_resource(&self, dice: &mut Dice, action: &Action, grant: Option<&Statement>, facts: &Context) -> String {
        if action.shape == Shape::Nothing {
            return "*".to_owned();
        }
        let own = grant.filter(|grant| !grant.not_resource).and_then(|grant| grant.resources.as_ref());
        for _ in 0..5 {
            let pattern = match own.filter(|own| !own.is_empty()) {
                Some(own) if dice.percent(70) => dice.pick(own).as_str(),
                _ if self.pool.patterns.is_empty() => break,
                _ => dice.pick(&self.pool.patterns),
            };
            let mut resource = fill_in_arn(dice, &fill_variables(pattern, facts));
            if dice.percent(7) {
                resource.pop();
            }
            if has_shape(action.shape, &resource) {
                return resource;
            }
        }
        draw_resource(dice, action.shape, &self.pool.arns)
    }

    /// Draws the context of a request to an action.
    pub fn draw_context(
        &self,
        dice: &mut Dice,
        caller: &Caller<'_>,
        action: &Action,
        request: &mut Request,
        owner: &Owner,
    ) {
        request.context = facts::list_principal_facts(self.world, caller);
        self.draw_session(dice, caller, &mut request.context);
        self.draw_place(dice, request, owner);
        let context = &mut request.context;
        for key in action.keys {
            if self.pool.names(key) && *key != "ec2:region" && dice.percent(70) {
                let value = self.pool.draw_value(dice, key, context);
                let is_set = *key == "kms:encryptioncontextkeys";
                context.insert((*key).to_owned(), if is_set { Value::Many(vec![value]) } else { Value::One(value) });
            }
        }
        if action.has_resource_tags() {
            let known = self.world.find_principal(&request.resource);
            for tag in self.pool.list_suffixes("aws:resourcetag/") {
                let key = format!("aws:resourcetag/{tag}");
                let value = match known {
                    Some(principal) => principal
                        .tags
                        .iter()
                        .find(|(name, _)| name.to_lowercase() == tag)
                        .map(|(_, value)| value.clone()),
                    None => dice.percent(70).then(|| self.pool.draw_value(dice, &key, context)),
                };
                value.into_iter().for_each(|value| drop(context.insert(key.clone(), Value::One(value))));
            }
        }
        if action.sets_tags {
            self.draw_request_tags(dice, context);
        }
        facts::complete(self.world, caller, request, false);
    }

    fn draw_request_tags(&self, dice: &mut Dice, context: &mut Context) {
        let mut names: Vec<String> = self
            .pool
            .list_suffixes("aws:requesttag/")
            .into_iter()
            .filter(|_| dice.percent(60))
            .map(str::to_owned)
            .collect();
        if names.is_empty() || dice.percent(30) {
            let name = if self.pool.names("aws:tagkeys") {
                self.pool.draw_value(dice, "aws:tagkeys", context)
            } else {
                "Cost".to_owned()
            };
            if !name.is_empty() && !names.contains(&name.to_lowercase()) {
                names.push(name);
            }
        }
        for name in &names {
            let key = format!("aws:requesttag/{}", name.to_lowercase());
            let value = self.pool.draw_value(dice, &key, context);
            context.insert(key, Value::One(value));
        }
        context.insert("aws:tagkeys".to_owned(), Value::Many(names));
    }

    /// Credentials and the way of the request.
    fn draw_session(&self, dice: &mut Dice, caller: &Caller<'_>, context: &mut Context) {
        let mut set = |key: &str, value: &str| drop(context.insert(key.to_owned(), Value::One(value.to_owned())));
        let is_user = caller.principal.kind == PrincipalKind::User;
        let issued = (*dice.pick(&["2026-11-29T11:00:00Z", "2026-11-28T20:00:00Z"])).to_owned();
        let with_mfa = match is_user {
            true => *dice.pick(&[None, Some("true"), Some("true"), Some("false")]),
            false => *dice.pick(&[None, None, Some("false")]),
        };
        if let Some(mfa) = with_mfa {
            set("aws:multifactorauthpresent", mfa);
            if mfa == "true" {
                set("aws:multifactorauthage", *dice.pick(&["59", "60", "61", "3599", "3600", "3601"]));
            }
        }
        if !is_user || with_mfa.is_some() {
            set("aws:tokenissuetime", &issued);
        }
        if dice.percent(25) {
            set("aws:viaawsmcpservice", *dice.pick(&["true", "false"]));
        }
        if dice.percent(15) {
            set("aws:securetransport", "false");
        }
        match dice.below(6) {
            0 => set("aws:viaawsservice", "true"),
            1 => {
                set("aws:viaawsservice", "true");
                let via = *dice.pick(&["cloudformation.amazonaws.com", "athena.amazonaws.com"]);
                context.insert("aws:calledvia".to_owned(), Value::Many(vec![via.to_owned()]));
            }
            _ => set("aws:viaawsservice", "false"),
        }
        if !is_user && caller.principal.trust_lists(&["sts:SetSourceIdentity"]) && dice.percent(40) {
            let value = self.pool.draw_value(dice, "aws:sourceidentity", context);
            context.insert("aws:sourceidentity".to_owned(), Value::One(value));
        }
        if !facts::has_fixed_tags(caller) {
            for tag in self.pool.list_suffixes("aws:principaltag/") {
                let key = format!("aws:principaltag/{tag}");
                if dice.percent(50) {
                    let value = self.pool.draw_value(dice, &key, context);
                    context.insert(key, Value::One(value));
                }
            }
        }
    }

    /// Network, Region, organization and the owner of the resource.
    fn draw_place(&self, dice: &mut Dice, request: &mut Request, owner: &Owner) {
        let region = match facts::find_region(request) {
            Some(region) => region.to_owned(),
            None => (*dice.pick(&REGIONS)).to_owned(),
        };
        let resource_is_any = request.resource == "*";
        let context = &mut request.context;
        let draw = |dice: &mut Dice, key: &str, context: &mut Context| {
            let value = self.pool.draw_value(dice, key, context);
            let value = if value == "zz" && key.ends_with("sourceip") { "198.51.100.7".to_owned() } else { value };
            context.insert(key.to_owned(), Value::One(value));
        };
        context.insert("aws:requestedregion".to_owned(), Value::One(region));
        if dice.percent(80) {
            draw(dice, "aws:sourceip", context);
        } else {
            facts::VPC_KEYS.into_iter().for_each(|key| draw(dice, key, context));
        }
        if self.pool.names("aws:useragent") {
            draw(dice, "aws:useragent", context);
        }
        let organization = self.world.organization.as_ref();
        if !context.contains_key("aws:principalorgid") && dice.percent(60) {
            let id = if organization.is_none() && dice.percent(50) { "o-exampleorg1" } else { "o-otherorg22" };
            context.insert("aws:principalorgid".to_owned(), Value::One(id.to_owned()));
            let path = format!("{id}/r-ab12/ou-ab12-11111111/");
            context.insert("aws:principalorgpaths".to_owned(), Value::Many(vec![path]));
        }
        if resource_is_any {
            return;
        }
        let account = match owner {
            Some(account) => account.clone(),
            None => (*dice.pick(&[OUTSIDE, OUTSIDE, "444444444444"])).to_owned(),
        };
        let id = match organization {
            Some(organization) if organization.is_member(&account) => Some(organization.id.clone()),
            Some(_) => dice.percent(50).then(|| "o-otherorg22".to_owned()),
            // The organization of an account is unknown, but it is the same as that of its principals.
            None if account == *context["aws:principalaccount"].list().concat() || account == MEMBER => {
                context.get("aws:principalorgid").map(|id| id.list().concat())
            }
            None => None,
        };
        context.insert("aws:resourceaccount".to_owned(), Value::One(account));
        id.into_iter().for_each(|id| drop(context.insert("aws:resourceorgid".to_owned(), Value::One(id))));
    }
}

/// Fills the wildcards of an ARN with what its segments can hold.
fn fill_in_arn(dice: &mut Dice, pattern: &str) -> String {
    let segments: Vec<&str> = pattern.splitn(6, ':').collect();
    let [_, _, service, region, account, rest] = segments.as_slice() else { return pattern.to_owned() };
    let region = match *region {
        region if region.contains(['*', '?']) => *dice.pick(&REGIONS),
        region => region,
    };
    let account = match *account {
        account if account.contains('*') => *dice.pick(&["111122223333", "111122223333", MEMBER, OUTSIDE]),
        account => account,
    };
    format!("arn:aws:{service}:{region}:{account}:{}", fill_wildcards(dice, rest))
}
