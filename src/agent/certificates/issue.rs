//! One certificate from an authority, by HTTP-01 (RFC 8555 §8.3): account, order, challenges, request, chain.

use std::time::Duration;

use hactl_engine::certificates::{Order, base64};
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, Key, NewOrder, OrderStatus, Problem, RetryPolicy,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::bind::{Voucher, bind};
use super::bundle::Bundle;
use super::door::{Door, LIMIT};
use super::error::NotIssued;
use crate::agent::command::secret::read_secret;
use crate::certificate::{Certificate, matches};

/// For how long an authority may check the names, and again sign.
const PATIENCE: Duration = Duration::from_secs(45);
/// How it is asked meanwhile.
const POLICY: RetryPolicy = RetryPolicy::new().initial_delay(Duration::from_millis(200)).backoff(1.5).timeout(PATIENCE);

/// Gets one. The private key is made here, and is in nothing that is sent. `first` is said where this directory was not
/// asked before: then it is told whom it may write to.
///
/// # Errors
/// What the authority said, or what kept it from saying anything.
pub(super) async fn issue(order: &Order, account_key: &str, first: bool) -> Result<Bundle, NotIssued> {
    match once(order, account_key, first).await {
        // A nonce that is refused says nothing of what was asked (RFC 8555 §6.5). The library tries three; then it is
        // begun again.
        Err(NotIssued::Refused(words)) if words.ends_with(NONCE) => once(order, account_key, first).await,
        other => other,
    }
}

/// How the words of such a refusal end.
const NONCE: &str = "(badNonce)";

async fn once(order: &Order, account_key: &str, first: bool) -> Result<Bundle, NotIssued> {
    let account = account(order, account_key, first).await?;
    let names: Vec<Identifier> = order.names.iter().map(|name| Identifier::Dns(name.to_ascii_lowercase())).collect();
    let mut asked = account.new_order(&NewOrder::new(&names)).await.map_err(said)?;
    let mut authorizations = asked.authorizations();
    while let Some(one) = authorizations.next().await {
        let mut one = one.map_err(said)?;
        if one.status != AuthorizationStatus::Pending {
            continue; // valid since an earlier order
        }
        let name = one.identifier().to_string();
        let mut challenge = one.challenge(ChallengeType::Http01).ok_or(NotIssued::NoHttp(name))?;
        challenge.set_ready().await.map_err(said)?;
    }
    match asked.poll_ready(&POLICY).await {
        Ok(OrderStatus::Ready | OrderStatus::Valid) => {}
        Err(Error::Timeout(_)) => return Err(NotIssued::Undecided(PATIENCE)),
        Ok(_) => return Err(why_not(&mut asked, None).await),
        Err(error) => return Err(why_not(&mut asked, Some(error)).await),
    }
    let key = asked.finalize().await.map_err(said)?;
    let chain = asked.poll_certificate(&POLICY).await.map_err(|error| match error {
        Error::Timeout(_) => NotIssued::Undecided(PATIENCE),
        other => said(other),
    })?;
    judged(order, &key, &chain)
}

/// What came is looked at before nginx gets it.
pub(super) fn judged(order: &Order, key: &str, chain: &str) -> Result<Bundle, NotIssued> {
    let certificate = Certificate::read(chain)?;
    matches(chain, key)?;
    if let Some(name) = order.names.iter().find(|name| !certificate.covers(name)) {
        return Err(NotIssued::OtherNames(name.clone()));
    }
    let end = if key.ends_with('\n') { "" } else { "\n" };
    Ok(Bundle { text: format!("{key}{end}{chain}"), certificate })
}

async fn account(order: &Order, path: &str, first: bool) -> Result<Account, NotIssued> {
    let pem = read_secret(path).map_err(|why| NotIssued::Account { path: path.into(), why })?;
    let not_a_key = || NotIssued::NotAKey(path.into());
    let key = match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(PrivateKeyDer::Pkcs8(key)) => key,
        Ok(_) | Err(_) => return Err(not_a_key()),
    };
    let both = || match Key::from_pkcs8_der(key.clone_key()) {
        Ok(signs) => Ok((signs, PrivateKeyDer::Pkcs8(key.clone_key()))),
        Err(_) => Err(not_a_key()),
    };
    let door = || Door { authorities: order.authorities.clone(), limit: LIMIT };
    let builder = || Account::builder_with_http(Box::new(door()));
    // An account that is there already is the answer as well (RFC 8555 §7.3.1): nothing needs to be remembered of it.
    let made = match &order.binding {
        None => builder().create_from_key(both()?, order.directory.clone()).await,
        Some(binding) => match builder().from_key(both()?, order.directory.clone()).await {
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(NO_ACCOUNT) => {
                let secret = voucher(&binding.key_file)?;
                let voucher = Voucher { kid: &binding.kid, key: &secret };
                bind(&door(), order, key.secret_pkcs8_der(), &voucher).await.map_err(said)?;
                builder().from_key(both()?, order.directory.clone()).await
            }
            other => other,
        },
    };
    let (account, _) = made.map_err(said)?;
    if first {
        account.update_contacts(&[&format!("mailto:{}", order.email)]).await.map_err(said)?;
    }
    Ok(account)
}

/// What an authority says where only an account was looked for that is there already (RFC 8555 §7.3.1).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// The key of a binding.
fn voucher(path: &str) -> Result<Vec<u8>, NotIssued> {
    let text = read_secret(path).map_err(|why| NotIssued::Binding { path: path.into(), why })?;
    let bytes = std::str::from_utf8(&text).ok().and_then(base64);
    bytes.ok_or_else(|| NotIssued::NotABinding(path.into()))
}

/// Of an order that came to nothing, what was found at each name: that is with the challenges, and not always with the
/// order.
async fn why_not(asked: &mut instant_acme::Order, error: Option<Error>) -> NotIssued {
    let mut found = Vec::new();
    let mut authorizations = asked.authorizations();
    while let Some(Ok(mut one)) = authorizations.next().await {
        let name = one.identifier().to_string();
        let Ok(state) = one.refresh().await else { continue };
        let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        found.extend(problems.map(|problem| format!("{name}: {}", words(problem))));
    }
    match (found.is_empty(), error) {
        (false, _) => NotIssued::Refused(found.join("; ")),
        (true, Some(error)) => said(error),
        (true, None) => NotIssued::Refused("the authority calls the order invalid, and does not say why".into()),
    }
}

fn said(error: Error) -> NotIssued {
    match error {
        Error::Api(problem) => NotIssued::Refused(words(&problem)),
        other => NotIssued::Protocol(other),
    }
}

/// A problem document (RFC 8555 §6.7) in words: what it says, and behind it its kind. What a server sent may hold
/// anything.
fn words(problem: &Problem) -> String {
    let detail = problem.detail.as_deref().unwrap_or("it does not say why");
    let kind = problem.r#type.as_deref().map(|kind| kind.rsplit(':').next().unwrap_or(kind));
    let more = problem.subproblems.iter().filter_map(|one| one.detail.as_deref());
    let mut text = std::iter::once(detail).chain(more).collect::<Vec<_>>().join("; ");
    if let Some(kind) = kind {
        text = format!("{text} ({kind})");
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_MAX).collect()
}

/// No more letters of an authority's explanation are kept.
const WORDS_MAX: usize = 600;
