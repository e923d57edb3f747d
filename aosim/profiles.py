"""The modules a process can be made from, and in what they differ from aos 2.0.6: all of it here, as data.

The traits are known to lua/later/versions.lua, which makes a runtime behave accordingly. What
differs between versions of aos is section 30 of the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from aosim.ids import address_of

#: The module id of the reference, aos 2.0.6.
AOS_MODULE_ID = "ISShJH1ij-hPPt9St5UFFr_8Ys3Kj5cyg7zrMGt7H9s"

_UP_TO_2_0_4 = (
    "names-as-written",  # tag names are not put into title case: RequestId stays RequestId
    "case-counts",  # texts in table patterns match with regard to case
    "authorities-whole",  # an Authority tag is one authority, commas or not
    "refusals-answered",  # a message that is not trusted is answered to its sender
    "no-title-case",  # ao.registerHint, Utils.normalize and Utils.capitalize are not there
)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A module: the name that `module=` takes, its id, and what its runtime does differently."""

    name: str
    module_id: str
    version: str = "2.0.6"  # what the tag aos-Version says
    calls_itself: str = "2.0.4"  # what the prompt and Version() say
    traits: tuple[str, ...] = ()


def _aos(version: str, *traits: str) -> Profile:
    name = f"aos-{version}"
    return Profile(
        name=name,
        module_id=address_of("module", name),
        version=version,
        calls_itself=version,
        traits=(*_UP_TO_2_0_4, *traits),
    )


AOS = Profile(name="aos-2.0.6", module_id=AOS_MODULE_ID)

PROFILES = {
    profile.name: profile
    for profile in (
        AOS,
        _aos("2.0.4", "nonces-compared"),
        _aos("2.0.3", "no-nonce"),
        _aos("2.0.1", "no-nonce", "boot-handler-stays"),
        Profile(name="aos-sqlite", module_id=address_of("module", "aos-sqlite"), traits=("sqlite",)),
        Profile(name="hyper-aos", module_id=address_of("module", "hyper-aos"), traits=("patches",)),
    )
}

_BY_ID = {profile.module_id: profile for profile in PROFILES.values()}


def profile_named(name: str) -> Profile | None:
    """The profile that a user means by a name: "aos" is the newest."""
    return AOS if name == "aos" else PROFILES.get(name)


def profile_of(module_id: str) -> Profile:
    """The profile of a process by its module's id. A module nobody knows is taken for aos 2.0.6."""
    return _BY_ID.get(module_id, AOS)
