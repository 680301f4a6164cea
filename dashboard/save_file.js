// Saves a file that the server has prepared; an address that was followed once is not followed again.

const followed = new Set();

export default function ({ data }) {
  if (!data?.address || followed.has(data.address)) return;
  followed.add(data.address);
  const link = document.createElement("a");
  link.href = data.address;
  link.download = data.file;
  document.body.append(link);
  link.click();
  link.remove();
}
