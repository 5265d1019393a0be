//! TLS to servers that are looked at, not trusted: whatever certificate they show is taken, as the
//! ancestor does (docs/ancestors/keepalived.md §5).

use lvs::config::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, SignatureScheme};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes TLS of connections.
#[derive(Clone)]
pub(super) struct Connector(Option<TlsConnector>);

impl Connector {
    /// With the certificate that is configured, if one is. What can't be used of it is said, and
    /// left out.
    pub(super) fn new(tls: &Tls) -> (Self, Option<String>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        match config(&provider, Some(tls)) {
            Ok(config) => (Self::of(config), None),
            Err(why) => {
                let text = format!("SSL_GET shows no certificate: {why}");
                (config(&provider, None).map_or(Self(None), Self::of), Some(text))
            }
        }
    }

    fn of(config: ClientConfig) -> Self {
        Self(Some(TlsConnector::from(Arc::new(config))))
    }

    /// Greets the other end of `stream`, with the name of the server if one is given that can be
    /// a host's.
    pub(super) async fn connect(
        &self,
        name: Option<&str>,
        ip: IpAddr,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let connector = self.0.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let name = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        // An address is not said in the greeting.
        connector.connect(name.unwrap_or_else(|| ServerName::from(ip)), stream).await
    }
}

fn config(provider: &Arc<CryptoProvider>, tls: Option<&Tls>) -> Result<ClientConfig, String> {
    let versions = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let whoever = versions
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever(Arc::clone(provider))));
    let mut config = match tls {
        Some(tls) => with_certificate(whoever, tls)?,
        None => whoever.with_no_client_auth(),
    };
    // Each check is a greeting of its own.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn with_certificate(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    tls: &Tls,
) -> Result<ClientConfig, String> {
    let (certificate, key) = match (&tls.certificate, &tls.key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) => return Err("`keyfile` is missing beside `certificate`".into()),
        (None, Some(_)) => return Err("`certificate` is missing beside `keyfile`".into()),
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{certificate}: {error}"))?;
    if tls.password.is_some() {
        return Err(format!("{key}: a key behind a password can't be read; store it without one"));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("{key}: {error}"))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
}

/// Takes every certificate.
#[derive(Debug)]
struct Whoever(Arc<CryptoProvider>);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
