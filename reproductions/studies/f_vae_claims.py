"""The claims of the post on f-VAEs, which several of its studies decide, each on its own data."""

from collections.abc import Callable

from reproductions.harness.claim import Above, Below, Claim, difference, of_means, ratio
from reproductions.reporting import summary

VAE = "VAE"
FIXED_VARIANCE = "VAE, variance 1"
# The f-VAE without its flow, and VAEs like the others.
LARGE_CODE, MANY_CODES = "VAE, code of the data's size", "VAE, 1,024 codes"
MANY_CODES_FIXED_VARIANCE = f"{MANY_CODES}, variance 1"


def faster(key: str, where: str) -> Claim:
    """F1: the f-VAE trains faster than a Glow; `where` ends the sentence."""
    return Claim(
        key=key,
        topic="faster than Glow",
        sentence=f"The f-VAE trains faster than a Glow of its size{where}.",
        statistic="Fréchet distance averaged over the training (area under its curve), Glow's less the f-VAE's",
        rule=Above(0),
        values=difference("Glow", "f-VAE", summary.area),
    )


def as_good(key: str, where: str, larger: str, distance: Callable[[dict], float], in_words: str) -> Claim:
    """F2: the f-VAE draws as well as a Glow with twice as many parameters, by a distance of a run."""
    return Claim(
        key=key,
        topic="as good as a larger Glow",
        sentence=f"The f-VAE is as good as Glow with a smaller network{where}.",
        statistic=f"{in_words}, the f-VAE's over that of a Glow with twice as many parameters",
        rule=Below(1.05),
        values=ratio("f-VAE", larger, distance),
    )


def not_blurred(key: str, where: str) -> Claim:
    """F3: the f-VAE's samples are nearer to the data in sharpness; noise, which is too sharp, is far from them too."""
    return Claim(
        key=key,
        topic="sharpness nearer to the data's than a VAE's",
        sentence="The f-VAE's samples are not blurred as a VAE's are: their sharpness is closer to that of the "
        f"data{where}.",
        statistic="absolute logarithm of (sharpness of samples / sharpness of test images) after the last step: the "
        "smaller one of two VAEs, of trained variance and of variance 1, less the f-VAE's",
        rule=Above(0),
        values=of_means(
            ("f-VAE", VAE, FIXED_VARIANCE),
            summary.off_in_sharpness,
            lambda means: min(means[1:]) - means[0],
        ),
    )


def not_by_its_code(key: str, where: str) -> Claim:
    """F3: a VAE whose code is as large draws worse images."""
    return Claim(
        key=key,
        topic="not by the size of its code alone",
        sentence="It is not the size of the code alone that makes the f-VAE's samples good: a VAE whose code is as "
        f"large draws worse ones{where}.",
        statistic="mean Fréchet distance of the last three evaluations, of the closest of three such VAEs, the f-VAE "
        "without its flow and VAEs with 1,024 codes, of trained variance and of variance 1, less the f-VAE's",
        rule=Above(0),
        values=of_means(
            ("f-VAE", LARGE_CODE, MANY_CODES, MANY_CODES_FIXED_VARIANCE),
            summary.settled,
            lambda means: min(means[1:]) - means[0],
        ),
    )
