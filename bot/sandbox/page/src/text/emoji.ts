/** The common emoji by Slack's names. A name that is not here is shown as it was written. */
const TABLE = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|eyes 👀|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌
pushpin 📌|round_pushpin 📍|warning ⚠️|rotating_light 🚨|fire 🔥|fire_extinguisher 🧯|fire_engine 🚒|boom 💥|bell 🔔|no_bell 🔕
red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|large_purple_circle 🟣
white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩
large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|small_red_triangle 🔺|small_blue_diamond 🔹|small_orange_diamond 🔸
hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|timer_clock ⏲️|clock1 🕐|clock3 🕒|clock6 🕕|clock9 🕘|clock12 🕛
calendar 📆|date 📅|spiral_calendar_pad 🗓️|memo 📝|pencil 📝|pencil2 ✏️|clipboard 📋|page_facing_up 📄|page_with_curl 📃|scroll 📜
file_folder 📁|open_file_folder 📂|card_index_dividers 🗂️|bookmark 🔖|label 🏷️|paperclip 📎|link 🔗|books 📚|book 📖|notebook 📓
newspaper 📰|bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|mag 🔍|mag_right 🔎|microscope 🔬|telescope 🔭
test_tube 🧪|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|tools 🛠️|gear ⚙️|nut_and_bolt 🔩|toolbox 🧰|shield 🛡️|lock 🔒|unlock 🔓
key 🔑|closed_lock_with_key 🔐|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|stop_sign 🛑|construction 🚧|traffic_light 🚥|vertical_traffic_light 🚦
question ❓|grey_question ❔|exclamation ❗|heavy_exclamation_mark ❗|bangbang ‼️|interrobang ⁉️|information_source ℹ️|bulb 💡|zap ⚡|sparkles ✨
star ⭐|star2 🌟|trophy 🏆|medal 🏅|dart 🎯|checkered_flag 🏁|triangular_flag_on_post 🚩|flags 🎏|white_flag 🏳️|tada 🎉|confetti_ball 🎊
speech_balloon 💬|thought_balloon 💭|loudspeaker 📢|mega 📣|email 📧|e-mail 📧|envelope ✉️|incoming_envelope 📨|inbox_tray 📥|outbox_tray 📤
telephone_receiver 📞|phone ☎️|iphone 📱|computer 💻|desktop_computer 🖥️|keyboard ⌨️|robot_face 🤖|brain 🧠|dna 🧬|satellite 🛰️|antenna_bars 📶
globe_with_meridians 🌐|earth_africa 🌍|world_map 🗺️|compass 🧭|cloud ☁️|sunny ☀️|partly_sunny ⛅|rain_cloud 🌧️|lightning 🌩️|snowflake ❄️|umbrella ☔
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️|arrow_lower_right ↘️|arrow_right_hook ↪️|leftwards_arrow_with_hook ↩️
arrows_counterclockwise 🔄|arrows_clockwise 🔃|repeat 🔁|rewind ⏪|fast_forward ⏩|arrow_forward ▶️|double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️
twisted_rightwards_arrows 🔀|heavy_plus_sign ➕|heavy_minus_sign ➖|heavy_multiplication_x ✖️|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣
six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|zero 0️⃣|hash #️⃣|new 🆕|ok 🆗|sos 🆘|up 🆙|free 🆓|end 🔚|soon 🔜|recycle ♻️
ok_hand 👌|wave 👋|raised_hands 🙌|clap 👏|pray 🙏|muscle 💪|point_right 👉|point_left 👈|point_up ☝️|point_down 👇|raised_hand ✋|hand ✋|writing_hand ✍️
handshake 🤝|v ✌️|crossed_fingers 🤞|man-shrugging 🤷‍♂️|shrug 🤷|facepalm 🤦|smile 😄|slightly_smiling_face 🙂|grinning 😀|joy 😂|wink 😉|blush 😊
thinking_face 🤔|neutral_face 😐|confused 😕|worried 😟|cry 😢|sob 😭|scream 😱|sweat_smile 😅|sweat 😓|rage 😡|angry 😠|exploding_head 🤯
grimacing 😬|face_with_monocle 🧐|sunglasses 😎|sleeping 😴|zzz 💤|salute 🫡|saluting_face 🫡|melting_face 🫠|heart ❤️|yellow_heart 💛|green_heart 💚|blue_heart 💙
broken_heart 💔|100 💯|skull 💀|ghost 👻|bug 🐛|ant 🐜|turtle 🐢|snail 🐌|rabbit2 🐇|owl 🦉|unicorn_face 🦄|seedling 🌱|herb 🌿|evergreen_tree 🌲
bust_in_silhouette 👤|busts_in_silhouette 👥|male-firefighter 👨‍🚒|firefighter 🧑‍🚒|female-firefighter 👩‍🚒|technologist 🧑‍💻|scientist 🧑‍🔬|police_officer 👮|cop 👮|detective 🕵️
sleuth_or_spy 🕵️|judge 🧑‍⚖️|scales ⚖️|classical_building 🏛️|office 🏢|hospital 🏥|house 🏠|ambulance 🚑|helicopter 🚁|rocket 🚀|airplane ✈️|ship 🚢|anchor ⚓
ladder 🪜|stethoscope 🩺|adhesive_bandage 🩹|pill 💊|syringe 💉|biohazard_sign ☣️|radioactive_sign ☢️|magnet 🧲|hook 🪝|thread 🧵|jigsaw 🧩|game_die 🎲
video_game 🎮|performing_arts 🎭|art 🎨|clapper 🎬|movie_camera 🎥|camera 📷|studio_microphone 🎙️|headphones 🎧|musical_note 🎵|coffee ☕|tea 🍵|pizza 🍕|cake 🍰
beers 🍻|moneybag 💰|credit_card 💳|receipt 🧾|package 📦|gift 🎁|wastebasket 🗑️|broom 🧹|eye 👁️|ear 👂|eye-in-speech-bubble 👁️‍🗨️|spider_web 🕸️
`;

export const EMOJI: ReadonlyMap<string, string> = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((entry) => entry.split(" ") as [string, string]),
);

/** The reactions offered by the picker. The first ones put facts on the record. */
export const PICKER = [
  "pushpin",
  "eyes",
  "white_check_mark",
  "thumbsup",
  "warning",
  "rotating_light",
  "thinking_face",
  "fire",
  "pray",
  "tada",
  "x",
  "heart",
];

/** The character for a name (skin tones are dropped), or `:name:` when it is not a common one. */
export function emoji(name: string): string {
  const base = name.split("::")[0] ?? name;
  return EMOJI.get(base) ?? `:${name}:`;
}

const SHORTCODE = /:([a-z0-9_+'-]+)(?:::skin-tone-\d)?:/gi;

/** Replaces known `:names:` in plain text. */
export function withEmoji(text: string): string {
  return text.replace(SHORTCODE, (whole, name: string) => EMOJI.get(name.toLowerCase()) ?? whole);
}
