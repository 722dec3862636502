use proptest::prelude::*;

use super::*;

const T: ResourceType = ResourceType::Topic;

fn allow(user: &str, operation: Operation, name: &str) -> Acl {
    Acl::allow(Principal::user(user), operation, T, name)
}

fn deny(user: &str, operation: Operation, name: &str) -> Acl {
    Acl::deny(Principal::user(user), operation, T, name)
}

fn judged(acls: &[Acl], user: &str, operation: Operation, name: &str) -> Verdict {
    let who = Requester { principal: &Principal::user(user), host: Some([10, 0, 0, 1].into()) };
    AclIndex::new(acls).judge(who, operation, T, name)
}

#[test]
fn a_prohibition_wins_whatever_allows_it() {
    use Operation::{All, Read};
    let permissions = [allow("a", All, "*"), allow("a", Read, "t"), allow("*", Read, "t").prefixed()];
    let prohibitions =
        [deny("a", Read, "t"), deny("*", All, "*"), deny("a", All, "t").prefixed(), deny("a", Read, "*")];
    for permission in &permissions {
        assert_eq!(judged(std::slice::from_ref(permission), "a", Read, "t"), Verdict::Allowed);
        for prohibition in &prohibitions {
            let both = [permission.clone(), prohibition.clone()];
            assert_eq!(judged(&both, "a", Read, "t"), Verdict::Denied, "{both:?}");
        }
    }
}

#[test]
fn patterns_hold_for_the_names_they_say() {
    use Operation::Read;
    let literal = [allow("a", Read, "logs")];
    assert_eq!(judged(&literal, "a", Read, "logs"), Verdict::Allowed);
    assert_eq!(judged(&literal, "a", Read, "logs2"), Verdict::NoAcl);
    assert_eq!(judged(&literal, "b", Read, "logs"), Verdict::Denied);
    let prefixed = [allow("a", Read, "logs").prefixed()];
    assert_eq!(judged(&prefixed, "a", Read, "logs"), Verdict::Allowed);
    assert_eq!(judged(&prefixed, "a", Read, "logs2"), Verdict::Allowed);
    assert_eq!(judged(&prefixed, "a", Read, "log"), Verdict::NoAcl);
    // Prefixed, a star is a star.
    assert_eq!(judged(&[allow("a", Read, "*").prefixed()], "a", Read, "logs"), Verdict::NoAcl);
    assert_eq!(judged(&[allow("a", Read, "*")], "a", Read, "logs"), Verdict::Allowed);
    let other = Requester { principal: &Principal::user("a"), host: None };
    let group = AclIndex::new(&literal).judge(other, Read, ResourceType::Group, "logs");
    assert_eq!(group, Verdict::NoAcl);
}

#[test]
fn some_operations_imply_others_in_permissions_only() {
    use Operation::{Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
    for implying in [Read, Write, Delete, Alter] {
        assert_eq!(judged(&[allow("a", implying, "t")], "a", Describe, "t"), Verdict::Allowed);
        let denied = [deny("a", implying, "t"), allow("a", Describe, "t")];
        assert_eq!(judged(&denied, "a", Describe, "t"), Verdict::Allowed);
    }
    assert_eq!(judged(&[allow("a", AlterConfigs, "t")], "a", DescribeConfigs, "t"), Verdict::Allowed);
    assert_eq!(judged(&[allow("a", Describe, "t")], "a", Read, "t"), Verdict::Denied);
    assert_eq!(judged(&[allow("a", Read, "t")], "a", DescribeConfigs, "t"), Verdict::Denied);
}

#[test]
fn hosts_are_addresses_however_they_are_written() {
    use Operation::Read;
    let from = |acl_host: &str, host: Option<&str>| {
        let acl = allow("a", Read, "t").on_host(acl_host);
        let principal = Principal::user("a");
        let host = host.map(|host| host.parse().unwrap());
        AclIndex::new([&acl]).judge(Requester { principal: &principal, host }, Read, T, "t")
    };
    assert_eq!(from("10.0.0.1", Some("10.0.0.1")), Verdict::Allowed);
    assert_eq!(from("10.0.0.1", Some("::ffff:10.0.0.1")), Verdict::Allowed);
    assert_eq!(from("0:0:0:0:0:0:0:1", Some("::1")), Verdict::Allowed);
    assert_eq!(from("10.0.0.1", Some("10.0.0.2")), Verdict::Denied);
    assert_eq!(from("10.0.0.1", None), Verdict::Denied);
    assert_eq!(from("*", None), Verdict::Allowed);
    assert_eq!(from("example.com", Some("10.0.0.1")), Verdict::Denied);
}

#[test]
fn whether_there_is_any_resource_follows_from_what_is_not_shut() {
    use Operation::{All, Write};
    let any = |acls: &[Acl]| {
        let principal = Principal::user("a");
        AclIndex::new(acls).judge_any(Requester { principal: &principal, host: None }, Write, T)
    };
    assert_eq!(any(&[]), Verdict::NoAcl);
    assert_eq!(any(&[allow("b", Write, "t")]), Verdict::Denied);
    assert_eq!(any(&[allow("a", Write, "t")]), Verdict::Allowed);
    assert_eq!(any(&[allow("a", Write, "t"), deny("a", Write, "t")]), Verdict::Denied);
    assert_eq!(any(&[allow("a", Write, "te").prefixed(), deny("a", All, "t").prefixed()]), Verdict::Denied);
    assert_eq!(any(&[allow("a", Write, "t").prefixed(), deny("a", All, "te").prefixed()]), Verdict::Allowed);
    assert_eq!(any(&[allow("a", Write, "*"), deny("a", All, "t").prefixed()]), Verdict::Allowed);
    assert_eq!(any(&[allow("a", Write, "*"), deny("*", All, "*")]), Verdict::Denied);
}

fn acls() -> impl Strategy<Value = Vec<Acl>> {
    let users = proptest::sample::select(vec!["a", "*"]);
    let hosts = proptest::sample::select(vec!["*", "10.0.0.1", "10.0.0.2"]);
    let names = proptest::sample::select(vec!["*", "t", "te", "test"]);
    let operations = proptest::sample::select(vec![Operation::Read, Operation::Describe, Operation::All]);
    let acl = (users, hosts, names, operations, any::<bool>());
    let acl = acl.prop_map(|(user, host, name, operation, is_prefixed)| {
        let acl = allow(user, operation, name).on_host(host);
        if is_prefixed { acl.prefixed() } else { acl }
    });
    let acl = (acl, any::<bool>()).prop_map(|(acl, is_denied)| match is_denied {
        true => Acl { permission: Permission::Deny, ..acl },
        false => acl,
    });
    proptest::collection::vec(acl, 0..6)
}

/// Kafka's rules, one ACL after the other.
fn plainly(acls: &[Acl], operation: Operation, name: &str) -> Verdict {
    let holds = |acl: &&Acl| match acl.resource.pattern {
        PatternType::Literal => acl.resource.name == name || acl.resource.name == "*",
        PatternType::Prefixed => name.starts_with(&acl.resource.name),
    };
    let about: Vec<_> = acls.iter().filter(holds).collect();
    let mine = |acl: &&&Acl| {
        ["User:a", "User:*"].contains(&acl.principal.as_str())
            && ["*", "10.0.0.1"].contains(&acl.host.as_str())
    };
    let of = |permission| about.iter().filter(mine).filter(move |acl| acl.permission == permission);
    let is = |other: Operation| other == Operation::All || other == operation;
    if of(Permission::Deny).any(|acl| is(acl.operation)) {
        return Verdict::Denied;
    }
    let implied = |other| operation == Operation::Describe && other == Operation::Read;
    if of(Permission::Allow).any(|acl| is(acl.operation) || implied(acl.operation)) {
        return Verdict::Allowed;
    }
    if about.is_empty() { Verdict::NoAcl } else { Verdict::Denied }
}

proptest! {
    #[test]
    fn the_index_says_what_all_acls_say(acls in acls(), name in 0..4_usize, reads in any::<bool>()) {
        let name = ["t", "te", "test", "x"][name];
        let operation = if reads { Operation::Read } else { Operation::Describe };
        prop_assert_eq!(judged(&acls, "a", operation, name), plainly(&acls, operation, name));
    }

    #[test]
    fn who_may_with_some_name_may_with_any(acls in acls()) {
        let principal = Principal::user("a");
        let who = Requester { principal: &principal, host: Some([10, 0, 0, 1].into()) };
        let index = AclIndex::new(&acls);
        let some = ["t", "te", "test", "testing", "x"].into_iter()
            .any(|name| index.judge(who, Operation::Read, T, name) == Verdict::Allowed);
        if some {
            prop_assert_eq!(index.judge_any(who, Operation::Read, T), Verdict::Allowed);
        }
    }
}
