//! What the answers look like: the fields of a record, the names they are shown under, and their types.

use crate::value::{Object, Text, Value};

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shown: &'static str,
    pub(super) shape: Shape,
}

/// What a value is read as.
#[derive(Debug)]
pub(super) enum Shape {
    Text,
    /// A number without a sign, up to a number of bits.
    Count(u32),
    Float,
    Bool,
    /// Texts by keys.
    Names,
    Group(&'static [Field]),
    List(&'static [Field]),
}

impl Shape {
    /// What stands where a record says nothing.
    pub(super) fn empty(&self) -> Value {
        match self {
            Self::Text => Value::String(Text::fixed("")),
            Self::Count(_) | Self::Float => Value::Int(0),
            Self::Bool => Value::Bool(false),
            Self::Names | Self::List(_) => Value::Null,
            Self::Group(fields) => Value::Object(empty(fields)),
        }
    }

    /// The type's name in messages.
    pub(super) fn go_type(&self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Count(8) => "uint8",
            Self::Count(16) => "uint16",
            Self::Count(_) => "uint",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Names => "map[string]string",
            Self::Group(_) => "struct",
            Self::List(_) => "[]struct",
        }
    }
}

/// An object with nothing in its fields.
pub(super) fn empty(fields: &[Field]) -> Object {
    Object::from(
        fields.iter().map(|field| (Text::fixed(field.shown), field.shape.empty())).collect::<Vec<_>>(),
    )
}

const fn field(key: &'static str, shown: &'static str, shape: Shape) -> Field {
    Field { key, shown, shape }
}

const NAMES: Field = field("names", "Names", Shape::Names);
const ID: Field = field("geoname_id", "GeoNameID", Shape::Count(64));
const ISO: Field = field("iso_code", "IsoCode", Shape::Text);
const IN_EU: Field = field("is_in_european_union", "IsInEuropeanUnion", Shape::Bool);
const CONFIDENCE: Field = field("confidence", "Confidence", Shape::Count(8));
const CODE: Field = field("code", "Code", Shape::Text);
const ASN_NAME: Field = field("autonomous_system_organization", "AutonomousSystemOrganization", Shape::Text);
const ASN_NUMBER: Field = field("autonomous_system_number", "AutonomousSystemNumber", Shape::Count(64));
const ISP_NAME: Field = field("isp", "ISP", Shape::Text);
const MOBILE_COUNTRY: Field = field("mobile_country_code", "MobileCountryCode", Shape::Text);
const MOBILE_NETWORK: Field = field("mobile_network_code", "MobileNetworkCode", Shape::Text);
const ORGANIZATION: Field = field("organization", "Organization", Shape::Text);
const CONNECTION: Field = field("connection_type", "ConnectionType", Shape::Text);
const DOMAIN_NAME: Field = field("domain", "Domain", Shape::Text);
const PROXY: Field = field("is_anonymous_proxy", "IsAnonymousProxy", Shape::Bool);
const SATELLITE: Field = field("is_satellite_provider", "IsSatelliteProvider", Shape::Bool);

const CONTINENT: Field = field("continent", "Continent", Shape::Group(&[NAMES, CODE, ID]));
const REPRESENTED: Field = field(
    "represented_country",
    "RepresentedCountry",
    Shape::Group(&[NAMES, ISO, field("type", "Type", Shape::Text), ID, IN_EU]),
);
const LOCATION: Field = field(
    "location",
    "Location",
    Shape::Group(&[
        field("time_zone", "TimeZone", Shape::Text),
        field("latitude", "Latitude", Shape::Float),
        field("longitude", "Longitude", Shape::Float),
        field("metro_code", "MetroCode", Shape::Count(64)),
        field("accuracy_radius", "AccuracyRadius", Shape::Count(16)),
    ]),
);
const TRAITS: Field = field("traits", "Traits", Shape::Group(&[PROXY, SATELLITE]));

pub(super) const COUNTRY: &[Field] = &[
    CONTINENT,
    field("country", "Country", Shape::Group(&[NAMES, ISO, ID, IN_EU])),
    field("registered_country", "RegisteredCountry", Shape::Group(&[NAMES, ISO, ID, IN_EU])),
    REPRESENTED,
    TRAITS,
];

pub(super) const CITY: &[Field] = &[
    field("city", "City", Shape::Group(&[NAMES, ID])),
    field("postal", "Postal", Shape::Group(&[CODE])),
    CONTINENT,
    field("subdivisions", "Subdivisions", Shape::List(&[NAMES, ISO, ID])),
    REPRESENTED,
    field("country", "Country", Shape::Group(&[NAMES, ISO, ID, IN_EU])),
    field("registered_country", "RegisteredCountry", Shape::Group(&[NAMES, ISO, ID, IN_EU])),
    LOCATION,
    TRAITS,
];

pub(super) const ENTERPRISE: &[Field] = &[
    CONTINENT,
    field("city", "City", Shape::Group(&[NAMES, ID, CONFIDENCE])),
    field("postal", "Postal", Shape::Group(&[CODE, CONFIDENCE])),
    field("subdivisions", "Subdivisions", Shape::List(&[NAMES, ISO, ID, CONFIDENCE])),
    REPRESENTED,
    field("country", "Country", Shape::Group(&[NAMES, ISO, ID, CONFIDENCE, IN_EU])),
    field("registered_country", "RegisteredCountry", Shape::Group(&[NAMES, ISO, ID, CONFIDENCE, IN_EU])),
    field(
        "traits",
        "Traits",
        Shape::Group(&[
            ASN_NAME,
            CONNECTION,
            DOMAIN_NAME,
            ISP_NAME,
            MOBILE_COUNTRY,
            MOBILE_NETWORK,
            ORGANIZATION,
            field("user_type", "UserType", Shape::Text),
            ASN_NUMBER,
            field("static_ip_score", "StaticIPScore", Shape::Float),
            PROXY,
            field("is_legitimate_proxy", "IsLegitimateProxy", Shape::Bool),
            SATELLITE,
        ]),
    ),
    LOCATION,
];

pub(super) const ANONYMOUS_IP: &[Field] = &[
    field("is_anonymous", "IsAnonymous", Shape::Bool),
    field("is_anonymous_vpn", "IsAnonymousVPN", Shape::Bool),
    field("is_hosting_provider", "IsHostingProvider", Shape::Bool),
    field("is_public_proxy", "IsPublicProxy", Shape::Bool),
    field("is_residential_proxy", "IsResidentialProxy", Shape::Bool),
    field("is_tor_exit_node", "IsTorExitNode", Shape::Bool),
];

pub(super) const ASN: &[Field] = &[ASN_NAME, ASN_NUMBER];
pub(super) const CONNECTION_TYPE: &[Field] = &[CONNECTION];
pub(super) const DOMAIN: &[Field] = &[DOMAIN_NAME];
pub(super) const ISP: &[Field] =
    &[ASN_NAME, ISP_NAME, MOBILE_COUNTRY, MOBILE_NETWORK, ORGANIZATION, ASN_NUMBER];
